#!/usr/bin/env bash
# Installs the Debian packages that building and testing need, those that are missing, as root or
# with sudo. With nothing missing it only looks.
#   tools/setup.sh            what the compiler, the runtime and the tests need
#   tools/setup.sh sanitize   and what the sanitizers and fuzzers need
set -euo pipefail

llvm=22.1 # of LLVM and MLIR; FindStaticMLIR.cmake asks for the same
packages=(
  cmake ninja-build g++ ccache python3
  clang-22 lld-22 clang-format-22
  llvm-22-dev llvm-22-tools libmlir-22-dev mlir-22-tools libzstd-dev zlib1g-dev
  nlohmann-json3-dev libssl-dev libcli11-dev libgtest-dev libopenblas0-pthread
  libjpeg62-turbo-dev libpng-dev
)
case ${1:-} in
  '') ;;
  sanitize) packages+=(libclang-rt-22-dev) ;;
  *)
    echo "usage: tools/setup.sh [sanitize]" >&2
    exit 2
    ;;
esac

fail() {
  echo "tools/setup.sh: $1" >&2
  echo "It installs these packages of Debian 12 (LLVM and MLIR $llvm):" >&2
  echo "  ${packages[*]}" >&2
  exit 1
}

command -v apt-get > /dev/null || fail "this is no Debian machine: apt-get is missing."

# A package that dpkg has never heard of makes it exit with 1; it is missing like the others.
installed=" $(dpkg-query -W -f='${db:Status-Status}:${Package} ' "${packages[@]}" 2> /dev/null || true) "
missing=()
for package in "${packages[@]}"; do
  [[ $installed == *" installed:$package "* ]] || missing+=("$package")
done

if [[ ${#missing[@]} -gt 0 ]]; then
  echo "setup: installing ${missing[*]}"
  as_root=()
  if [[ $EUID -ne 0 ]]; then
    command -v sudo > /dev/null || fail "not root, and there is no sudo."
    as_root=(sudo)
  fi
  # Other versions of MLIR conflict with this one: better to stop than to remove them.
  apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq
    -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
  "${apt[@]}" update || fail "apt-get update failed."
  "${apt[@]}" install --yes --no-remove --no-install-recommends "${missing[@]}" > /dev/null ||
    fail "apt-get could not install: ${missing[*]}."
fi

version=$(dpkg-query -W -f='${Version}' libmlir-22-dev)
[[ $version =~ ^([0-9]+:)?"$llvm"\. ]] ||
  fail "libmlir-22-dev is $version, and $llvm is needed."
