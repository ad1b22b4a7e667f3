// `step37c import`, `export`, `verify` and `names` from outside: exit codes and messages, hostile
// files, a full disk, kills at random moments. STEP37C is the program, KILL_ROUNDS how often it is
// killed.
#include "test/bridge/conversion_support.h"
#include "test/runtime/ChildProcess.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <random>
#include <thread>

namespace step37::test {

class BridgeProgram : public ::testing::Test {
protected:
  int run(std::vector<std::string> arguments) {
    ChildProcess child(STEP37C, std::move(arguments), scratch.path() / "printed");
    const int code = child.wait();
    out = child.stdoutText();
    err = child.stderrText();
    return code;
  }
  /// The command fails with exit code 1 and one message that has all of `parts`.
  void expectRefused(std::vector<std::string> arguments, const std::vector<std::string> &parts) {
    EXPECT_EQ(run(std::move(arguments)), 1) << out;
    EXPECT_EQ(std::count(err.begin(), err.end(), '\n'), 1) << err;
    for (const std::string &part : parts)
      EXPECT_NE(err.find(part), std::string::npos) << part << " <> " << err;
  }
  std::string path(const char *name) const { return (scratch.path() / name).string(); }
  const std::string golden = goldenDirectory().string();

  Scratch scratch;
  std::string out, err;
};

TEST_F(BridgeProgram, ThereAndBack) {
  ASSERT_EQ(run({"import", golden, "-o", path("ckpt"), "--tp", "2", "--ep", "4"}), 0) << err;
  EXPECT_NE(out.find("imported 166 tensors, 605,120 parameters: 4 files"), std::string::npos);
  ASSERT_EQ(run({"export", path("ckpt"), "-o", path("megatron"), "--layout", "megatron-expanded",
                 "--tp", "2", "--ep", "2"}),
            0)
      << err;
  ASSERT_EQ(run({"export", path("megatron"), "-o", path("hf"), "--shard-size", "1MB"}), 0) << err;
  ASSERT_EQ(run({"verify", golden, path("hf")}), 0) << err << out;
  EXPECT_EQ(out, "equal: 166 tensors, 2,420,480 bytes\n");
  EXPECT_EQ(err, "");
  EXPECT_TRUE(fs::exists(path("hf") + "/model-00003-of-00003.safetensors"));
}

TEST_F(BridgeProgram, VerifyFailsOnADifference) {
  fs::copy(golden, path("hf"));
  std::string text = textOf(path("hf") + "/model.safetensors");
  text.back() ^= 1;
  writeFile(path("hf") + "/model.safetensors", text);
  expectRefused({"verify", golden, path("hf")}, {golden, path("hf"), "1 difference"});
  EXPECT_NE(out.find("1 of 8192 elements differ"), std::string::npos) << out;
}

TEST_F(BridgeProgram, Names) {
  ASSERT_EQ(run({"names", golden}), 0);
  EXPECT_NE(out.find("166 tensors, 605,120 parameters, 2,420,480 bytes"), std::string::npos);
  EXPECT_EQ(out.find("linear_qkv"), std::string::npos);
  ASSERT_EQ(run({"names", golden + "/config.json", "--megatron"}), 0);
  EXPECT_NE(out.find("language_model.decoder.layers.0.self_attention.linear_qkv.weight"),
            std::string::npos);
  const std::string configs = std::string(STEP37_TEST_DATA) + "/configs/";
  ASSERT_EQ(run({"names", configs + "step35-flash.json"}), 0);
  EXPECT_NE(out.find("804 tensors, 199,384,301,376 parameters, 398,768,626,944 bytes"),
            std::string::npos);
}

TEST_F(BridgeProgram, ThePageOfTensorsIsTheTable) {
  const std::string config = std::string(STEP37_TEST_DATA) + "/configs/step37-flash.json";
  ASSERT_EQ(run({"names", config, "--markdown"}), 0);
  const std::string page = textOf(TENSORS_PAGE);
  EXPECT_EQ(page.substr(std::min(page.find('|'), page.size())), out)
      << "write it again: its first lines say how";
}

TEST_F(BridgeProgram, ProgressOnATerminal) {
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
  if (terminal < 0 || ::grantpt(terminal) != 0 || ::unlockpt(terminal) != 0)
    GTEST_SKIP() << "no pseudo terminals here";
  fs::create_symlink(::ptsname(terminal), path("printed.err"));
  const int otherEnd = ::open(path("printed.err").c_str(), O_RDWR | O_NOCTTY); // keeps what is sent
  ChildProcess child(STEP37C, {"verify", golden, golden}, path("printed"));
  EXPECT_EQ(child.wait(), 0);
  std::string drawn(4096, '\0');
  drawn.resize(static_cast<size_t>(std::max<ssize_t>(::read(terminal, drawn.data(), 4096), 0)));
  for (const char *part : {"verify [##############################] 100 %", "GB/s", "0:00 left"})
    EXPECT_NE(drawn.find(part), std::string::npos) << part << " <> " << drawn;
  ::close(otherEnd);
  ::close(terminal);
}

TEST_F(BridgeProgram, WrongUsage) {
  EXPECT_EQ(run({"import", golden}), 2);
  EXPECT_EQ(run({"import", golden, "-o", path("x"), "--tp", "0"}), 2);
  EXPECT_EQ(run({"import", golden, "-o", path("x"), "--plan", "p", "--tp", "2"}), 2);
  EXPECT_EQ(run({"export", golden, "-o", path("x"), "--layout", "other"}), 2);
  EXPECT_EQ(run({"export", golden, "-o", path("x"), "--shard-size", "0"}), 2);
  for (const char *flag : {"--tp", "--ep", "--etp", "--rank"})
    EXPECT_EQ(run({"export", golden, "-o", path("x"), flag, "1"}), 2) << flag;
  EXPECT_EQ(run({"export", golden, "-o", path("x"), "--layout", "plan", "--shard-size", "1MB"}), 2);
  EXPECT_EQ(run({"import", golden, "-o", path("x"), "--check"}), 2);
  EXPECT_FALSE(fs::exists(path("x")));
  EXPECT_EQ(run({"verify", golden}), 2);
  EXPECT_EQ(run({"names", golden, "--megatron", "--markdown"}), 2);
  expectRefused({"import", path("absent"), "-o", path("x")}, {path("absent")});
  const std::string longName(5000, 'x');
  expectRefused({"import", longName, "-o", path("x")}, {longName});
  expectRefused({"import", golden, "-o", longName}, {longName});
  expectRefused({"export", golden, "-o", golden + "/config.json"}, {"config.json"});
  expectRefused({"verify", golden, longName}, {longName});
  expectRefused({"names", longName}, {longName});
  expectRefused({"import", golden, "-o", path("x"), "--tp", "4"}, {"attention groups", "tp 4"});
}

/// A one-file checkpoint whose header is the given JSON, followed by so many bytes.
class HostileFile : public BridgeProgram {
protected:
  void write(const std::string &header, size_t dataBytes, int64_t claimed = -1) {
    fs::create_directories(path("hf"));
    fs::copy_file(golden + "/config.json", path("hf") + "/config.json",
                  fs::copy_options::overwrite_existing);
    auto length = static_cast<uint64_t>(claimed < 0 ? int64_t(header.size()) : claimed);
    std::string text;
    for (int i = 0; i < 8; ++i, length >>= 8)
      text += static_cast<char>(length & 255);
    writeFile(path("hf") + "/model.safetensors", text + header + std::string(dataBytes, '\0'));
  }
  void expectHostile(const std::vector<std::string> &parts) {
    std::vector<std::string> all = parts;
    all.push_back("model.safetensors");
    expectRefused({"import", path("hf"), "-o", path("ckpt")}, all);
    EXPECT_FALSE(fs::exists(path("ckpt")));
  }
};

std::string entry(const std::string &name, int begin, int end, const char *dtype = "F32") {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":[" +
         std::to_string((end - begin) / 4) + "],\"data_offsets\":[" + std::to_string(begin) + "," +
         std::to_string(end) + "]}";
}

TEST_F(HostileFile, Headers) {
  write("{}", 0, 1 << 20); // longer than the file
  expectHostile({"header"});
  write("{" + entry("a", 0, 8) + "," + entry("b", 4, 12) + "}", 12);
  expectHostile({"b", "overlap"});
  write("{" + entry("a", 0, 80) + "}", 8);
  expectHostile({"a", "data_offsets"});
  write("{" + entry("a", 0, 8) + "," + entry("a", 8, 16) + "}", 16);
  expectHostile({"a: appears twice"});
  write("{" + entry("a", 0, 8, "F31") + "}", 8);
  expectHostile({"a", "F31"});
  write("{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,8]}}", 8);
  expectHostile({"a", "shape"});
}

TEST_F(HostileFile, Indexes) {
  fs::create_directories(path("hf"));
  fs::copy_file(golden + "/config.json", path("hf") + "/config.json");
  fs::copy(golden, path("other"));
  fs::create_symlink(path("other") + "/model.safetensors", path("hf") + "/link.safetensors");
  for (const char *shard : {"absent.safetensors", "../other/model.safetensors",
                            "sub/../../other/model.safetensors", "link.safetensors"}) {
    const nlohmann::json index{{"weight_map", {{"lm_head.weight", shard}}}};
    writeFile(path("hf") + "/model.safetensors.index.json", index.dump());
    expectHostile({"shard", shard});
  }
  writeFile(
      path("hf") + "/model.safetensors.index.json",
      nlohmann::json{{"weight_map", {{"lm_head.weight", path("other") + "/model.safetensors"}}}}
          .dump());
  expectHostile({"shard"});
}

TEST_F(BridgeProgram, FileSizeLimit) {
  for (const std::string command : {"import", "export"}) {
    ChildProcess child("/bin/sh",
                       {"-c", "ulimit -f 1000; exec " STEP37C " " + command + " '" + golden +
                                  "' -o '" + path("out") + "'"},
                       scratch.path() / "printed");
    EXPECT_EQ(child.wait(), 1);
    EXPECT_NE(child.stderrText().find("cannot write"), std::string::npos) << child.stderrText();
    EXPECT_FALSE(fs::exists(path("out")));
    for (const auto &left : fs::directory_iterator(scratch.path()))
      EXPECT_EQ(left.path().filename().string().find("out"), std::string::npos) << left.path();
  }
}

TEST_F(BridgeProgram, FullDisk) {
  // A file system of its own for the output, where making one is allowed.
  fs::create_directory(path("disk"));
  fs::copy(golden, path("hf"));
  writeFile(path("hf") + "/large.txt", std::string(3'000'000, '.'));
  const auto importTo = [&](const std::string &size) {
    ChildProcess child("/usr/bin/env",
                       {"env", "unshare", "-rm", "sh", "-c",
                        "mount -t tmpfs -o size=" + size + " none '" + path("disk") +
                            "' || exit 99; " STEP37C " import '" + path("hf") + "' -o '" +
                            path("disk") + "/out'; code=$?; ls -A '" + path("disk") +
                            "'; exit $code"},
                       scratch.path() / "printed");
    const int code = child.wait();
    out = child.stdoutText();
    err = child.stderrText();
    return code;
  };
  if (importTo("16m") != 0)
    GTEST_SKIP() << err;
  EXPECT_TRUE(out.ends_with("\nout\n")) << out;
  EXPECT_EQ(importTo("5m"), 1);
  EXPECT_NE(err.find("bytes, the disk has"), std::string::npos) << err; // seen beforehand
  EXPECT_EQ(out, "");
  EXPECT_EQ(importTo("2m"), 1);
  EXPECT_NE(err.find("No space left on device"), std::string::npos) << err; // met on the way
  EXPECT_EQ(out, "");
}

TEST_F(BridgeProgram, KilledAtRandomMoments) {
  using Clock = std::chrono::steady_clock;
  ASSERT_EQ(run({"import", golden, "-o", path("ckpt"), "--tp", "2"}), 0) << err;
  const std::vector<std::vector<std::string>> commands{
      {"import", golden, "-o", path("out"), "--tp", "2", "--ep", "4"},
      {"export", path("ckpt"), "-o", path("out")}};
  std::mt19937 random(5);
  for (const std::vector<std::string> &command : commands) {
    fs::remove_all(path("out"));
    const auto began = Clock::now();
    ASSERT_EQ(run(command), 0) << err;
    const std::chrono::duration<double> whole = Clock::now() - began;
    std::uniform_real_distribution<double> moment(0, 1.2 * whole.count());
    int interrupted = 0;
    for (int round = 0; interrupted < KILL_ROUNDS; ++round) {
      ASSERT_LT(round, 20 * KILL_ROUNDS) << "the runs end before they are killed";
      if (round % 2 == 0)
        fs::remove_all(path("out"));
      ChildProcess child(STEP37C, command, scratch.path() / "killed");
      std::this_thread::sleep_for(std::chrono::duration<double>(moment(random)));
      child.kill();
      interrupted += child.wait() != 0;
      // What stands under the name is whole, or nothing is.
      if (fs::exists(path("out"))) {
        ASSERT_EQ(run({"verify", golden, path("out")}), 0) << err << out;
      }
    }
    ASSERT_EQ(run(command), 0) << err;
    ASSERT_EQ(run({"verify", golden, path("out")}), 0) << err << out;
    for (const auto &left : fs::directory_iterator(scratch.path()))
      EXPECT_EQ(left.path().string().find(".tmp-"), std::string::npos) << left.path();
  }
}

} // namespace step37::test
