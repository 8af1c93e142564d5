// symbols/interpreter.cpp, recognise.cpp, open_mapped.cpp, version.cpp: against real processes that
// the test starts, and by name against maps that it writes.
#include "symbols/interpreter.h"

#include <doctest/doctest.h>
#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "symbols/descriptor.h"
#include "symbols/failure.h"
#include "symbols/version.h"

using namespace heapglass;
namespace fs = std::filesystem;

namespace {

constexpr const char* kPython = "/usr/bin/python3.11";

class LiveMemory final : public Memory {
 public:
  using Memory::read;
  explicit LiveMemory(pid_t pid) : pid_(pid) {}
  void read(std::span<ReadRequest> requests) override {
    for (ReadRequest& r : requests) {
      const iovec local{r.into, r.size};
      const iovec remote{reinterpret_cast<void*>(r.address), r.size};
      r.ok = process_vm_readv(pid_, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(r.size);
    }
  }

 private:
  pid_t pid_;
};

// A program started by the test, ended with it. Its standard input stays open and silent.
class Child {
 public:
  explicit Child(std::vector<std::string> words) {
    int in[2];
    int out[2];
    REQUIRE(pipe2(in, O_CLOEXEC) == 0);
    REQUIRE(pipe2(out, O_CLOEXEC) == 0);
    in_ = Descriptor(in[1]);
    out_ = Descriptor(out[0]);
    const Descriptor child_in(in[0]);
    const Descriptor child_out(out[1]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    if (posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), environ) != 0) pid_ = -1;
    posix_spawn_file_actions_destroy(&actions);
  }
  ~Child() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  bool started() const { return pid_ > 0; }
  pid_t pid() const { return pid_; }
  // Until the program has written a line, so that it runs for sure.
  void wait_until_ready() {
    char c = 0;
    while (read(out_.get(), &c, 1) == 1 && c != '\n') {
    }
    REQUIRE(c == '\n');
  }

 private:
  pid_t pid_ = -1;
  Descriptor in_;
  Descriptor out_;
};

std::vector<std::string> waiting_python(const std::string& path) {
  return {path, "-S", "-c", "import sys; print('ready', flush=True); sys.stdin.read()"};
}

Interpreter find(pid_t pid) {
  LiveMemory memory(pid);
  return find_interpreter(files_of_process(pid), read_maps(pid), memory);
}

std::string refusal(pid_t pid, const std::vector<Mapping>& maps) {
  LiveMemory memory(pid);
  try {
    (void)find_interpreter(files_of_process(pid), maps, memory);
  } catch (const Failure& failure) {
    CHECK(failure.exit() == Exit::not_cpython);
    CHECK(failure.remedy() == "heapglass ps");
    return failure.what();
  }
  return {};
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

// Once a program has got through exec: until then it may be half mapped, and runs no Python.
std::string refusal_with(pid_t pid, std::string_view part) {
  std::string what;
  for (int i = 0; i < 1000 && !contains(what, part); ++i) {
    what = refusal(pid, read_maps(pid));
    usleep(1000);
  }
  return what;
}

bool skip_without(const char* program) {
  if (access(program, X_OK) == 0) return false;
  MESSAGE("skipped: no " << program);
  return true;
}

class Directory {
 public:
  Directory() {
    std::string name = (fs::temp_directory_path() / "heapglass-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Directory() { fs::remove_all(path_); }
  fs::path operator/(const char* name) const { return path_ / name; }

 private:
  fs::path path_;
};

Mapping mapping_of(const std::string& path) {
  struct stat status {};
  REQUIRE(lstat(path.c_str(), &status) == 0);
  Mapping mapping;
  mapping.range = {0x10000, 0x20000};
  mapping.device_major = major(status.st_dev);
  mapping.device_minor = minor(status.st_dev);
  mapping.inode = status.st_ino;
  mapping.path = path;
  return mapping;
}

}  // namespace

TEST_CASE("interpreter: Debian's static and stripped python3.11") {
  if (skip_without(kPython)) return;
  Child child(waiting_python(kPython));
  child.wait_until_ready();
  const Interpreter found = find(child.pid());
  CHECK(found.path == kPython);
  CHECK(found.version.major == 3);
  CHECK(found.version.minor == 11);
  CHECK(found.version.micro >= 2);
  CHECK(found.version.text().starts_with("3.11."));
  CHECK(found.version_source == "Py_Version");
  CHECK(found.stripped);
  CHECK_FALSE(found.debug);
  CHECK_FALSE(found.free_threaded);
  CHECK(found.runtime.size() > 100000);
  CHECK(found.build_id.size() == 40);

  // The addresses are right: type is its own type.
  const auto type = found.symbol("PyType_Type");
  REQUIRE(type);
  CHECK(LiveMemory(child.pid()).value<Address>(*type + 8) == *type);
  CHECK_FALSE(found.symbol("no_such_symbol"));

  const auto recognised = recognise_interpreter(child.pid());
  REQUIRE(recognised);
  CHECK(recognised->version.text() == found.version.text());
  CHECK(recognised->runtime == found.runtime);
  CHECK(recognised->bias == found.bias);
}

TEST_CASE("interpreter: its file may be deleted while it runs") {
  if (skip_without(kPython)) return;
  const Directory directory;
  const fs::path copy = directory / "python3.11";
  fs::copy_file(kPython, copy);
  Child child(waiting_python(copy.string()));
  child.wait_until_ready();
  fs::remove(copy);
  fs::copy_file("/bin/sh", copy);  // something else now has the name
  const Interpreter found = find(child.pid());
  CHECK(found.path == copy);
  CHECK(found.version.minor == 11);
  CHECK(recognise_interpreter(child.pid()).has_value());
}

TEST_CASE("interpreter: a name says nothing, the symbols do") {
  if (skip_without(kPython)) return;
  const Directory directory;
  const fs::path copy = directory / "my service";
  fs::copy_file(kPython, copy);
  Child child(waiting_python(copy.string()));
  child.wait_until_ready();
  CHECK(find(child.pid()).version.minor == 11);
  CHECK(recognise_interpreter(child.pid()).has_value());
}

TEST_CASE("interpreter: a debug build is known as one") {
  if (skip_without("/usr/bin/python3.11d")) return;
  Child child(waiting_python("/usr/bin/python3.11d"));
  child.wait_until_ready();
  const Interpreter found = find(child.pid());
  CHECK(found.debug);
  CHECK_FALSE(found.stripped);
}

TEST_CASE("interpreter: a program without Python is told by its name") {
  Child child({"sleep", "1000"});
  REQUIRE(child.started());
  const std::string what = refusal_with(child.pid(), "sleep");
  CHECK(contains(what, "sleep"));
  CHECK(contains(what, "no Python"));
  CHECK_FALSE(recognise_interpreter(child.pid()));
}

TEST_CASE("interpreter: PyPy is refused by name") {
  if (skip_without("/usr/bin/pypy3")) return;
  Child child(waiting_python("/usr/bin/pypy3"));
  child.wait_until_ready();
  CHECK(contains(refusal(child.pid(), read_maps(child.pid())), "PyPy"));
  CHECK_FALSE(recognise_interpreter(child.pid()));
}

TEST_CASE("interpreter: other Pythons are refused by their libraries' names") {
  Mapping mapping;
  mapping.range = {0x7f0000000000, 0x7f0000001000};
  mapping.executable = true;
  mapping.inode = 1;
  mapping.path = "/opt/graalpy/lib/libpythonvm.so";
  CHECK(contains(refusal(getpid(), {mapping}), "GraalPy"));
  mapping.path = "/usr/lib/libpypy3.9-c.so";
  CHECK(contains(refusal(getpid(), {mapping}), "PyPy"));
  // A file that a program only reads may be called what it likes.
  mapping.executable = false;
  CHECK(contains(refusal(getpid(), {mapping}), "no Python"));
}

TEST_CASE("interpreter: a program called micropython is refused by name") {
  const Directory directory;
  const fs::path copy = directory / "micropython";
  fs::copy_file("/bin/sh", copy);
  Child child({copy.string(), "-c", "echo ready; read line"});
  child.wait_until_ready();
  CHECK(contains(refusal(child.pid(), read_maps(child.pid())), "MicroPython"));
}

TEST_CASE("interpreter: a 32-bit program is refused as one") {
  // mov eax, 29 (pause); int 0x80; and again
  const unsigned char code[] = {0xb8, 29, 0, 0, 0, 0xcd, 0x80, 0xeb, 0xf7};
  Elf32_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS32;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_EXEC;
  header.e_machine = EM_386;
  header.e_version = EV_CURRENT;
  header.e_ehsize = sizeof header;
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Elf32_Phdr);
  header.e_phnum = 1;
  Elf32_Phdr load{};
  load.p_type = PT_LOAD;
  load.p_vaddr = load.p_paddr = 0x8048000;
  load.p_filesz = load.p_memsz = sizeof header + sizeof load + sizeof code;
  load.p_flags = PF_R | PF_X;
  load.p_align = 4096;
  header.e_entry = load.p_vaddr + sizeof header + sizeof load;

  const Directory directory;
  const std::string path = (directory / "python3.11").string();
  {
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(&header), sizeof header);
    file.write(reinterpret_cast<const char*>(&load), sizeof load);
    file.write(reinterpret_cast<const char*>(code), sizeof code);
  }
  fs::permissions(path, fs::perms::owner_all);
  Child child({path});
  if (!child.started()) {
    MESSAGE("skipped: this kernel runs no 32-bit programs");
    return;
  }
  CHECK(contains(refusal_with(child.pid(), "32-bit"), "32-bit"));
}

TEST_CASE("interpreter: kernel threads and ended processes have no memory") {
  const Child sleeper({"sleep", "1000"});
  kill(sleeper.pid(), SIGKILL);
  siginfo_t info{};
  REQUIRE(waitid(P_PID, static_cast<id_t>(sleeper.pid()), &info, WEXITED | WNOWAIT) == 0);
  LiveMemory memory(sleeper.pid());
  try {
    (void)find_interpreter(files_of_process(sleeper.pid()), {}, memory);
    FAIL("a zombie was an interpreter");
  } catch (const Failure& failure) {
    CHECK(failure.exit() == Exit::target_gone);
  }
  CHECK_FALSE(recognise_interpreter(sleeper.pid()));
  CHECK_FALSE(recognise_interpreter(0x7ffffff0));
  CHECK_FALSE(recognise_interpreter(2));

  std::ifstream comm("/proc/2/comm");
  std::string name;
  if (!std::getline(comm, name) || name != "kthreadd") {
    MESSAGE("skipped: no kernel threads to be seen");
    return;
  }
  CHECK(contains(refusal(2, {}), "kernel thread"));
}

TEST_CASE("open_mapped_file: only the regular file that is mapped") {
  const Directory directory;
  const std::string file = (directory / "file").string();
  std::ofstream(file) << "content";
  const std::string fifo = (directory / "fifo").string();
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  const std::string link = (directory / "link").string();
  fs::create_symlink(file, link);
  fs::create_directory_symlink(fs::path(file).parent_path(), directory / "around");

  CHECK(Descriptor(open_mapped_file(getpid(), mapping_of(file))));
  CHECK_FALSE(Descriptor(open_mapped_file(getpid(), mapping_of(fifo))));  // and does not hang
  CHECK_FALSE(Descriptor(open_mapped_file(getpid(), mapping_of("/dev/null"))));
  CHECK_FALSE(Descriptor(open_mapped_file(getpid(), mapping_of(link))));

  Mapping through_link = mapping_of(file);
  through_link.path = link;
  CHECK_FALSE(Descriptor(open_mapped_file(getpid(), through_link)));
  through_link.path = (directory / "around/file").string();
  CHECK_FALSE(Descriptor(open_mapped_file(getpid(), through_link)));
  through_link.path = "/proc/self/root" + file;
  CHECK_FALSE(Descriptor(open_mapped_file(getpid(), through_link)));

  Mapping other = mapping_of(file);
  other.inode += 1;
  CHECK_FALSE(Descriptor(open_mapped_file(getpid(), other)));
  other = mapping_of(file);
  other.device_minor += 1;
  CHECK_FALSE(Descriptor(open_mapped_file(getpid(), other)));
  other = mapping_of(file);
  other.path = "file";
  CHECK_FALSE(Descriptor(open_mapped_file(getpid(), other)));
  other.inode = 0;
  CHECK_FALSE(Descriptor(open_mapped_file(getpid(), other)));
}

TEST_CASE("version: names of files") {
  const auto named = [](std::string_view name) {
    const auto found = python_in_name(name);
    if (!found) return std::string("no");
    PythonVersion version;
    version.major = found->major;
    version.minor = found->minor;
    version.micro = -1;
    return version.text() + (found->free_threaded ? "t" : "") + (found->debug ? "d" : "");
  };
  CHECK(named("python3.11") == "3.11");
  CHECK(named("python3.11d") == "3.11d");
  CHECK(named("python3.13td") == "3.13td");
  CHECK(named("python3") == "3");
  CHECK(named("python") == "?");
  CHECK(named("libpython3.6dm.so.1.0") == "3.6d");
  CHECK(named("libpython3.12.so.1.0") == "3.12");
  CHECK(named("libpython3.so") == "3");
  CHECK(named("libpython2.7.so.1.0") == "2.7");
  CHECK(named("python3-config") == "no");
  CHECK(named("libpythonvm.so") == "no");
  CHECK(named("sleep") == "no");
  CHECK(named("") == "no");
  CHECK(named("python99999999999999999999") == "no");
}

TEST_CASE("version: PY_VERSION_HEX") {
  CHECK(version_of_hex(0x030c01f0)->text() == "3.12.1");
  CHECK(version_of_hex(0x030d00a1)->text() == "3.13.0a1");
  CHECK(version_of_hex(0x030d00b2)->text() == "3.13.0b2");
  CHECK(version_of_hex(0x030e00c3)->text() == "3.14.0rc3");
  CHECK_FALSE(version_of_hex(0));
  CHECK_FALSE(version_of_hex(0x030c0100));
  CHECK_FALSE(version_of_hex(0x1030c01f0));
  CHECK_FALSE(version_of_hex(~std::uint64_t{0}));
}

namespace {

// A _PyRuntime that begins with debug offsets, at address 0x1000.
class RuntimeMemory final : public Memory {
 public:
  using Memory::read;
  std::string bytes = std::string("xdebugpy") + std::string(16, '\0');
  void put(std::size_t at, std::uint64_t value) { std::memcpy(&bytes[at], &value, sizeof value); }
  void read(std::span<ReadRequest> requests) override {
    for (ReadRequest& r : requests) {
      r.ok = r.address >= 0x1000 && r.address - 0x1000 + r.size <= bytes.size();
      if (r.ok) std::memcpy(r.into, &bytes[r.address - 0x1000], r.size);
    }
  }
};

Interpreter embedded() {
  Interpreter interpreter;
  interpreter.path = "/opt/service";
  interpreter.runtime = {0x1000, 0x9000};
  return interpreter;
}

}  // namespace

TEST_CASE("version: debug offsets tell version and flavour") {
  RuntimeMemory memory;
  memory.put(8, 0x030d05f0);
  memory.put(16, 1);
  Interpreter interpreter = embedded();
  read_version(interpreter, {}, memory);
  CHECK(interpreter.version.text() == "3.13.5");
  CHECK(interpreter.version_source == "debug offsets");
  CHECK(interpreter.free_threaded);
}

TEST_CASE("version: bytes that are no debug offsets tell nothing") {
  RuntimeMemory memory;
  memory.put(8, 0x030d05f0);
  memory.bytes[0] = 'X';
  Interpreter interpreter = embedded();
  read_version(interpreter, {}, memory);
  CHECK(interpreter.version_source.empty());
  CHECK(interpreter.version.text() == "?");
}

TEST_CASE("version: a nameless program is told by the standard library that it maps") {
  RuntimeMemory memory;
  memory.bytes.clear();
  Mapping mapping;
  mapping.path = "/usr/share/pythonic/python3/python3.9/lib-dynload/_json.so";
  Interpreter interpreter = embedded();
  read_version(interpreter, {mapping}, memory);
  CHECK(interpreter.version.text() == "3.9");
  CHECK(interpreter.version_source == "names of mapped files");
}

TEST_CASE("version: the constant in the program wins over everything") {
  RuntimeMemory memory;
  memory.put(8, 0x030d05f0);
  Interpreter interpreter = embedded();
  interpreter.path = "/usr/bin/python3.8";
  interpreter.image.symbols["Py_Version"] = {0x1008, 8};
  memory.bytes[0] = 'X';
  read_version(interpreter, {}, memory);
  CHECK(interpreter.version.text() == "3.13.5");
  CHECK(interpreter.version_source == "Py_Version");
}
