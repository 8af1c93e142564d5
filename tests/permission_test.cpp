// The decision over recorded facts, as machines gave them; then some refusals for real.
#include "inspector/target/permission.h"

#include <doctest/doctest.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>

using namespace heapglass;

namespace {

// Ubuntu's default, a user's own process refused: CAP_SYS_PTRACE missing, Yama's scope 1.
AccessFacts refused() {
  AccessFacts facts;
  facts.read_error = EPERM;
  facts.mem_file_error = EACCES;
  facts.pid = 42;
  facts.name = "python3";
  facts.uids = facts.gids = {1000, 1000, 1000};
  facts.uid = facts.gid = 1000;
  facts.same_user_namespace = true;
  facts.yama_scope = 1;
  return facts;
}

constexpr std::uint64_t kAllCapabilities = 0x1ffffffffff;
// What docker gives root: CAP_SYS_PTRACE is not in it.
constexpr std::uint64_t kDockerCapabilities = 0xa80425fb;

AccessFacts in_docker() {
  AccessFacts facts = refused();
  facts.uids = facts.gids = {0, 0, 0};
  facts.uid = facts.gid = 0;
  facts.own_effective = facts.own_permitted = kDockerCapabilities;
  facts.container = Container::docker;
  facts.hostname = "3f2a9c1b7d5e";
  return facts;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Refusal why(const AccessFacts& facts) {
  const auto refusal = explain(facts);
  REQUIRE(refusal);
  CHECK(contains(refusal->cause + refusal->remedy, "42"));
  CHECK_FALSE(refusal->remedy.empty());
  return *refusal;
}

}  // namespace

TEST_CASE("what can be read needs no explanation") {
  AccessFacts facts = refused();
  facts.read_error = 0;
  CHECK_FALSE(explain(facts));
}

TEST_CASE("a process that has gone is not a matter of permission") {
  AccessFacts facts = refused();
  facts.read_error = ESRCH;
  CHECK_FALSE(explain(facts));
}

TEST_CASE("already traced, and by whom") {
  AccessFacts facts = refused();
  facts.read_error = 0;
  facts.tracer = 77;
  facts.tracer_name = "gdb";
  const Refusal refusal = why(facts);
  CHECK(refusal.cause == "process 42 is already traced by process 77 (gdb)");
  CHECK(refusal.remedy == "end that tracer: kill 77");
}

TEST_CASE("another user's process") {
  AccessFacts facts = refused();
  facts.uids = {33, 33, 33};
  const Refusal refusal = why(facts);
  CHECK(refusal.cause == "process 42 belongs to uid 33, and we are uid 1000");
  CHECK(refusal.remedy == "sudo heapglass 42");
}

TEST_CASE("of another user are also processes that changed one of their ids") {
  AccessFacts facts = refused();
  facts.uids = {1000, 0, 0};  // set-uid root
  CHECK(contains(why(facts).cause, "belongs to uid 0"));
  facts = refused();
  facts.gids = {1000, 50, 50};
  CHECK(contains(why(facts).cause, "another group"));
}

TEST_CASE("Yama, scope by scope") {
  AccessFacts facts = refused();
  CHECK(contains(why(facts).cause, "ptrace_scope is 1"));
  CHECK(why(facts).remedy == "sudo heapglass 42");
  facts.yama_scope = 2;
  facts.descendant = true;
  CHECK(contains(why(facts).cause, "ptrace_scope is 2"));
  CHECK(why(facts).remedy == "sudo heapglass 42");
  facts.yama_scope = 3;
  facts.own_effective = facts.own_permitted = kAllCapabilities;
  CHECK(contains(why(facts).cause, "ptrace_scope is 3"));
  CHECK(contains(why(facts).remedy, "reboot"));
}

TEST_CASE("a descendant is not refused by Yama's scope 1") {
  AccessFacts facts = refused();
  facts.descendant = true;
  CHECK_FALSE(contains(why(facts).cause, "ptrace_scope"));
}

TEST_CASE("root of a container, without CAP_SYS_PTRACE") {
  AccessFacts facts = in_docker();
  CHECK(contains(why(facts).cause, "without CAP_SYS_PTRACE"));
  CHECK(contains(why(facts).remedy,
                 "docker run --rm -it --pid container:3f2a9c1b7d5e --cap-add SYS_PTRACE"));
  facts.container = Container::kubernetes;
  facts.hostname = "shop-7c9d";
  CHECK(contains(why(facts).remedy, "kubectl debug -it shop-7c9d"));
}

TEST_CASE("another user's process inside a container: its own user can read it") {
  AccessFacts facts = in_docker();
  facts.uids = facts.gids = {1000, 1000, 1000};
  facts.yama_scope = 0;
  CHECK(contains(why(facts).cause, "belongs to uid 1000"));
  CHECK(why(facts).remedy == "setpriv --reuid 1000 --regid 1000 --clear-groups heapglass 42");
  facts.uid = facts.gid = 2000;
  facts.own_effective = facts.own_permitted = 0;
  CHECK(why(facts).remedy == "docker exec -it -u 1000 3f2a9c1b7d5e heapglass 42");
}

TEST_CASE("not dumpable") {
  AccessFacts facts = refused();
  facts.dumpable = false;
  CHECK(contains(why(facts).cause, "not dumpable"));
  CHECK(why(facts).remedy == "sudo heapglass 42");
}

TEST_CASE("capabilities that we lack") {
  AccessFacts facts = refused();
  facts.yama_scope = 0;
  facts.permitted = std::uint64_t{1} << CAP_NET_BIND_SERVICE;
  CHECK(contains(why(facts).cause, "capabilities that we lack"));
}

TEST_CASE("another user namespace") {
  AccessFacts facts = refused();
  facts.uids = facts.gids = {0, 0, 0};
  facts.uid = facts.gid = 0;
  facts.own_effective = facts.own_permitted = kAllCapabilities;
  facts.initial_user_namespace = false;  // root of a rootless container
  CHECK(contains(why(facts).cause, "user namespace"));
  CHECK(contains(why(facts).remedy, "on the host"));
}

TEST_CASE("a seccomp filter or a security module on ourselves") {
  AccessFacts facts = in_docker();
  facts.mem_file_error = 0;
  facts.seccomp_filter = true;
  const auto refusal = explain(facts);
  REQUIRE(refusal);
  CHECK(contains(refusal->cause, "seccomp"));

  facts = refused();
  facts.own_effective = facts.own_permitted = kAllCapabilities;
  facts.confinement = "docker-default (enforce)";
  CHECK(contains(why(facts).cause, "docker-default"));
  facts.confinement.clear();
  CHECK(contains(why(facts).cause, "security module"));
}

namespace {

// /proc as machines had it, in plain files: we are 100, the target is 42.
struct RecordedProc {
  std::filesystem::path root =
      std::filesystem::temp_directory_path() / ("heapglass-proc-" + std::to_string(::getpid()));

  RecordedProc() {
    write("proc/sys/kernel/hostname", "3f2a9c1b7d5e\n");
    own("1000 1000 1000 1000", "0000000000000000", "0");
    target("1000 1000 1000 1000", "0000000000000000", 1);
    user_namespaces("user:[4026531837]", "user:[4026531837]");
    write("proc/100/uid_map", "         0          0 4294967295\n");
    write("proc/100/stat",
          "100 (heapglass) R 7 100 7 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 500 0 0\n");
    write("proc/100/attr/current", "unconfined\n");
  }
  ~RecordedProc() { std::filesystem::remove_all(root); }

  void write(const std::string& file, const std::string& text) const {
    std::filesystem::create_directories((root / file).parent_path());
    std::ofstream(root / file) << text;
  }
  void own(const std::string& ids, const std::string& capabilities,
           const std::string& seccomp) const {
    write("proc/100/status", "Name:\theapglass\nUid:\t" + ids + "\nGid:\t" + ids + "\nCapPrm:\t" +
                                 capabilities + "\nCapEff:\t" + capabilities + "\nSeccomp:\t" +
                                 seccomp + "\n");
  }
  void target(const std::string& ids, const std::string& capabilities, pid_t parent) const {
    write("proc/42/comm", "python3\n");
    write("proc/42/status", "Name:\tpython3\nUid:\t" + ids + "\nGid:\t" + ids + "\nCapPrm:\t" +
                                capabilities + "\nNSpid:\t42\t1\n");
    write("proc/42/stat", "42 (python3) S " + std::to_string(parent) +
                              " 42 42 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 400 0 0\n");
  }
  void user_namespaces(const std::string& ours, const std::string& its) const {
    for (const auto& [pid, link] : {std::pair{"100", ours}, std::pair{"42", its}}) {
      const auto directory = root / "proc" / pid / "ns";
      std::filesystem::create_directories(directory);
      std::filesystem::remove(directory / "user");
      std::filesystem::create_symlink(link, directory / "user");
    }
  }
  void yama(int scope) const {
    write("proc/sys/kernel/yama/ptrace_scope", std::to_string(scope) + "\n");
  }
  Refusal why() const {
    AccessFacts facts;
    facts.pid = 42;
    facts.read_error = EPERM;
    facts.mem_file_error = EACCES;
    read_access_facts(facts, root / "proc", "100", root);
    const auto refusal = explain(facts);
    REQUIRE(refusal);
    return *refusal;
  }
};

constexpr const char* kDocker = "00000000a80425fb";
constexpr const char* kRoot = "000001ffffffffff";

}  // namespace

TEST_CASE("recorded: a user's own process under Yama, on a host and in containers") {
  const RecordedProc proc;
  proc.yama(1);
  CHECK(contains(proc.why().cause, "ptrace_scope is 1"));
  CHECK(proc.why().remedy == "sudo heapglass 42");
  proc.yama(2);
  CHECK(contains(proc.why().cause, "ptrace_scope is 2"));
  proc.yama(3);
  CHECK(contains(proc.why().cause, "ptrace_scope is 3"));
  proc.yama(1);
  proc.write(".dockerenv", "");
  CHECK(contains(proc.why().remedy, "docker run --rm -it --pid container:3f2a9c1b7d5e"));
  proc.write("proc/42/stat",
             "42 (python3) S 100 42 42 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 400 0 0\n");
  CHECK_FALSE(contains(proc.why().cause, "ptrace_scope"));  // a descendant
}

TEST_CASE("recorded: another user's, and one with capabilities that we lack") {
  const RecordedProc proc;
  proc.target("33 33 33 33", "0000000000000000", 1);
  CHECK(proc.why().cause == "process 42 belongs to uid 33, and we are uid 1000");
  proc.own("0 0 0 0", kDocker, "2");
  proc.write("run/.containerenv", "");
  CHECK(contains(proc.why().cause, "without CAP_SYS_PTRACE"));
  proc.own("33 33 33 33", "0000000000000000", "2");
  proc.target("33 33 33 33", "0000000000000400", 1);
  CHECK(contains(proc.why().cause, "capabilities that we lack"));
}

TEST_CASE("recorded: another user namespace, and a security module") {
  const RecordedProc proc;
  proc.own("0 0 0 0", kRoot, "0");
  proc.target("0 0 0 0", kRoot, 1);
  proc.user_namespaces("user:[4026532000]", "user:[4026531837]");
  CHECK(contains(proc.why().cause, "user namespace"));
  CHECK(contains(proc.why().remedy, "on the host"));
  proc.user_namespaces("user:[4026531837]", "user:[4026531837]");
  proc.write("proc/100/attr/current", "docker-default (enforce)\n");
  CHECK(contains(proc.why().cause, "docker-default"));
}

namespace {

// Runs `body` in a child as the user nobody, without capabilities; its exit code.
template <class Body>
int as_nobody(Body body) {
  constexpr uid_t kNobody = 65534;
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0) ::_exit(100);
    ::_exit(body());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 101;
}

pid_t sleeping_child() {
  const pid_t child = ::fork();
  if (child == 0) {
    while (true) ::pause();
  }
  return child;
}

void end(pid_t child) {
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

}  // namespace

TEST_CASE("for real: another user's process is refused with that cause") {
  if (::getuid() != 0) return;  // only root can become somebody else
  const pid_t target = sleeping_child();
  CHECK(as_nobody([&] {
          const auto facts = read_process(target);
          if (!facts) return 1;
          const auto refusal = why_not_readable(*facts);
          return refusal && contains(refusal->cause, "belongs to uid 0") ? 0 : 2;
        }) == 0);
  end(target);
}

TEST_CASE("for real: a process of our own that is not dumpable") {
  if (::getuid() != 0) return;
  CHECK(as_nobody([] {
          int ready[2];
          if (::pipe(ready) != 0) return 1;
          const pid_t target = ::fork();
          if (target == 0) {
            ::prctl(PR_SET_DUMPABLE, 0);
            if (::write(ready[1], "x", 1) != 1) ::_exit(1);
            while (true) ::pause();
          }
          char byte = 0;
          if (::read(ready[0], &byte, 1) != 1) return 2;
          const auto facts = read_process(target);
          const auto refusal = facts ? why_not_readable(*facts) : std::nullopt;
          end(target);
          return refusal && contains(refusal->cause, "not dumpable") ? 0 : 3;
        }) == 0);
}

TEST_CASE("for real: a process that another one traces") {
  const pid_t target = sleeping_child();
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t tracer = ::fork();
  if (tracer == 0) {
    const char answer = ::ptrace(PTRACE_SEIZE, target, nullptr, nullptr) == 0 ? 'y' : 'n';
    if (::write(ready[1], &answer, 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  char answer = 0;
  REQUIRE(::read(ready[0], &answer, 1) == 1);
  if (answer == 'y') {  // else Yama: the two are siblings
    const auto facts = read_process(target);
    REQUIRE(facts);
    CHECK(facts->tracer == tracer);
    const auto refusal = why_not_readable(*facts);
    REQUIRE(refusal);
    CHECK(contains(refusal->cause, "already traced by process " + std::to_string(tracer) + " ("));
    CHECK(refusal->remedy == "end that tracer: kill " + std::to_string(tracer));
    CHECK(contains(why_not_seizable(target, target).cause, "already traced"));
  }
  end(tracer);
  end(target);
}
