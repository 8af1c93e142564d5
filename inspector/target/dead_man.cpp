#include "inspector/target/dead_man.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace heapglass {

namespace {

constexpr std::uint64_t kRedZone = 128;
constexpr std::uint64_t kRoomForHandlers = 16 << 10;
constexpr std::uint64_t kXstateAlignment = 64;

// asm/ucontext.h with asm/sigcontext.h, whose names glibc's own headers take.
struct Context {
  std::uint64_t flags, link;
  std::uint64_t stack_sp, stack_flags, stack_size;
  std::uint64_t r8, r9, r10, r11, r12, r13, r14, r15, di, si, bp, bx, dx, ax, cx, sp, ip, eflags;
  std::uint16_t cs, gs, fs, ss;
  std::uint64_t err, trapno, oldmask, cr2, fpstate, reserved[8];
  std::uint64_t mask;
};
static_assert(sizeof(Context) == 304);

constexpr std::uint64_t kXstate = 1, kSegment = 2, kStrictSegment = 4;  // UC_*
// A mode that sigaltstack(2) does not know: the kernel then leaves the program's own as it is.
constexpr std::uint64_t kNoSuchStackMode = 4;

// What the kernel returns inside, to be dealt with on the way out (linux/errno.h).
constexpr std::int64_t kRestartSys = -512, kRestartNoIntr = -513, kRestartNoHand = -514,
                       kRestartBlock = -516;
constexpr std::uint64_t kSyscallSize = 2;

Context context_of(const user_regs_struct& registers, std::uint64_t mask) {
  Context context{};
  context.flags = kSegment | kStrictSegment;
  context.stack_flags = kNoSuchStackMode;
  context.r8 = registers.r8;
  context.r9 = registers.r9;
  context.r10 = registers.r10;
  context.r11 = registers.r11;
  context.r12 = registers.r12;
  context.r13 = registers.r13;
  context.r14 = registers.r14;
  context.r15 = registers.r15;
  context.di = registers.rdi;
  context.si = registers.rsi;
  context.bp = registers.rbp;
  context.bx = registers.rbx;
  context.dx = registers.rdx;
  context.ax = registers.rax;
  context.cx = registers.rcx;
  context.sp = registers.rsp;
  context.ip = registers.rip;
  context.eflags = registers.eflags;
  context.cs = static_cast<std::uint16_t>(registers.cs);
  context.ss = static_cast<std::uint16_t>(registers.ss);
  context.mask = mask;
  if (static_cast<std::int64_t>(registers.orig_rax) < 0) return context;
  switch (static_cast<std::int64_t>(registers.rax)) {
    case kRestartSys:
    case kRestartNoIntr:
    case kRestartNoHand:
      context.ax = registers.orig_rax;
      context.ip -= kSyscallSize;
      break;
    case kRestartBlock:
      context.ax = static_cast<std::uint64_t>(-EINTR);
      break;
    default:
      break;
  }
  return context;
}

// The XSAVE area in a signal frame may be as large as what the thread was granted, and tile data
// (AMX) is granted only to who asked: the size without it, unless it is in use.
std::size_t size_in_frame(std::span<const std::byte> xstate) {
  constexpr std::size_t kFeaturesAt = 464, kInUseAt = 512, kLegacy = 576;
  constexpr unsigned kFirstExtended = 2, kTileData = 18, kLeaf = 0xd;
  std::uint64_t features = 0, in_use = 0;
  std::memcpy(&features, xstate.data() + kFeaturesAt, sizeof features);
  std::memcpy(&in_use, xstate.data() + kInUseAt, sizeof in_use);
  if ((in_use >> kTileData & 1) == 0) features &= ~(std::uint64_t{1} << kTileData);
  std::size_t size = kLegacy;
  for (unsigned i = kFirstExtended; i < 63; ++i) {
    unsigned bytes = 0, offset = 0, c = 0, d = 0;
    if ((features >> i & 1) == 0 || __get_cpuid_count(kLeaf, i, &bytes, &offset, &c, &d) == 0)
      continue;
    size = std::max<std::size_t>(size, bytes + offset);
  }
  return std::min(size, xstate.size());
}

// asm/sigcontext.h, struct _fpx_sw_bytes: what says that there is more than the FXSAVE area.
void mark_extended(std::byte* area, std::size_t size) {
  constexpr std::size_t kFeaturesAt = 464;
  constexpr std::uint32_t kMagic1 = 0x46505853, kMagic2 = 0x46505845;
  struct {
    std::uint32_t magic, extended_size;
    std::uint64_t features;
    std::uint32_t size, padding[7];
  } words{};
  static_assert(sizeof words == 48);
  words.magic = kMagic1;
  words.size = static_cast<std::uint32_t>(size);
  words.extended_size = static_cast<std::uint32_t>(size + sizeof kMagic2);
  std::memcpy(&words.features, area + kFeaturesAt, sizeof words.features);
  std::memcpy(area + kFeaturesAt, &words, sizeof words);
  std::memcpy(area + size, &kMagic2, sizeof kMagic2);
}

std::uint64_t frames_size(std::size_t xstate_size) {
  return 2 * sizeof(Context) + xstate_size + sizeof(std::uint32_t) + 2 * kXstateAlignment;
}

}  // namespace

std::uint64_t stack_needed(std::size_t xstate_size) {
  return kRedZone + frames_size(xstate_size) + kRoomForHandlers;
}

DeadManFrames make_frames(const user_regs_struct& registers, std::uint64_t mask,
                          std::span<const std::byte> xstate, Address restorer) {
  const std::size_t size = size_in_frame(xstate);
  const Address top = registers.rsp - kRedZone;
  const Address area = (top - size - sizeof(std::uint32_t)) / kXstateAlignment * kXstateAlignment;
  DeadManFrames frames;
  frames.back = area - sizeof(Context);
  frames.end = frames.back - sizeof(Context);
  frames.base = frames.end;
  frames.bytes.resize(area + size + sizeof(std::uint32_t) - frames.base);

  Context back = context_of(registers, mask);
  back.flags |= kXstate;
  back.fpstate = area;
  user_regs_struct ending = registers;
  ending.orig_rax = ~0ULL;
  ending.rip = restorer + kSyscallInRestorer;
  ending.rsp = frames.end;
  ending.rax = SYS_exit_group;
  ending.rdi = 0;
  const Context end = context_of(ending, ~std::uint64_t{0});

  std::memcpy(frames.bytes.data() + (frames.end - frames.base), &end, sizeof end);
  std::memcpy(frames.bytes.data() + (frames.back - frames.base), &back, sizeof back);
  std::byte* copy = frames.bytes.data() + (area - frames.base);
  std::memcpy(copy, xstate.data(), size);
  mark_extended(copy, size);
  return frames;
}

}  // namespace heapglass

#endif
