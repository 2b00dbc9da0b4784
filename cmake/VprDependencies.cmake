# Every library we use, each from a Debian or Ubuntu package (scripts/packages.txt).
# Targets: PkgConfig::SNDFILE PkgConfig::MPG123 PkgConfig::SOXR PkgConfig::XXHASH PkgConfig::PLPLOT,
# PkgConfig::WEBRTC PkgConfig::SODIUM PkgConfig::SQLITE PkgConfig::PQ PkgConfig::PORTAUDIO,
# vpr_kissfft, vpr_libsvm, Eigen3::Eigen, nlohmann_json::nlohmann_json, tomlplusplus::tomlplusplus, CLI11::CLI11,
# spdlog::spdlog, Threads::Threads and, in src/torch only, torch.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(CLI11 REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json 3.10 REQUIRED)
pkg_check_modules(SNDFILE REQUIRED IMPORTED_TARGET sndfile>=1.2)
pkg_check_modules(MPG123 REQUIRED IMPORTED_TARGET libmpg123>=1.26)
pkg_check_modules(SOXR REQUIRED IMPORTED_TARGET soxr)
pkg_check_modules(WEBRTC REQUIRED IMPORTED_TARGET webrtc-audio-processing)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(PQ REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3>=3.35)
pkg_check_modules(PORTAUDIO REQUIRED IMPORTED_TARGET portaudio-2.0)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash>=0.8)
pkg_check_modules(PLPLOT REQUIRED IMPORTED_TARGET plplot)
pkg_check_modules(TOMLPLUSPLUS REQUIRED IMPORTED_TARGET tomlplusplus)

find_path(KISSFFT_INCLUDE_DIR kissfft/kissfft.hh REQUIRED)  # header only, a template
add_library(vpr_kissfft INTERFACE)
target_include_directories(vpr_kissfft SYSTEM INTERFACE ${KISSFFT_INCLUDE_DIR})

# libsvm has neither a CMake nor a pkg-config file.
find_path(LIBSVM_INCLUDE_DIR libsvm/svm.h REQUIRED)
find_library(LIBSVM_LIBRARY svm REQUIRED)
add_library(vpr_libsvm INTERFACE)
target_include_directories(vpr_libsvm SYSTEM INTERFACE ${LIBSVM_INCLUDE_DIR})
target_link_libraries(vpr_libsvm INTERFACE ${LIBSVM_LIBRARY})

if(VPR_WITH_TORCH)
  # Debian's LibTorch 1.13, or any 2.x named by CMAKE_PREFIX_PATH.
  find_package(Torch REQUIRED)
  message(STATUS "LibTorch ${Torch_VERSION}")
  if(TORCH_CXX_FLAGS MATCHES "_GLIBCXX_USE_CXX11_ABI=0")
    message(FATAL_ERROR "This LibTorch was built for the C++ library's ABI of before 2011, which the "
      "other packages do not use. Take the build that says cxx11-abi, or LibTorch 2.7 or later.")
  endif()
endif()
