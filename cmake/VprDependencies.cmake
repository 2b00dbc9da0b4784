# Every library we use, each from a Debian or Ubuntu package (scripts/packages.txt).
# Targets: PkgConfig::SNDFILE PkgConfig::MPG123 PkgConfig::SOXR PkgConfig::XXHASH PkgConfig::UTF8PROC PkgConfig::ZLIB
# PkgConfig::PLPLOT,
# PkgConfig::WEBRTC PkgConfig::SODIUM PkgConfig::SQLITE PkgConfig::PQ PkgConfig::PORTAUDIO,
# PkgConfig::FFMPEG and PkgConfig::AVDEVICE (in src/ffmpeg only, optional), vpr_dlib_library (in src/dlib_faces only, optional), vpr_kissfft, vpr_libsvm, vpr_onednn_library, vpr_onnx_library, Eigen3::Eigen, nlohmann_json::nlohmann_json,
# tomlplusplus::tomlplusplus, CLI11::CLI11, spdlog::spdlog, Threads::Threads and, in src/torch only,
# torch.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(CLI11 REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json 3.10 REQUIRED)
find_package(Boost 1.74 REQUIRED)  # its headers: Asio and Beast
pkg_check_modules(SNDFILE REQUIRED IMPORTED_TARGET sndfile>=1.2)
pkg_check_modules(MPG123 REQUIRED IMPORTED_TARGET libmpg123>=1.26)
pkg_check_modules(SOXR REQUIRED IMPORTED_TARGET soxr)
pkg_search_module(WEBRTC REQUIRED IMPORTED_TARGET webrtc-audio-processing webrtc-audio-processing-1)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(PQ REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3>=3.35)
pkg_check_modules(PORTAUDIO REQUIRED IMPORTED_TARGET portaudio-2.0)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash>=0.8)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(PNG REQUIRED IMPORTED_TARGET libpng)
pkg_check_modules(PLPLOT REQUIRED IMPORTED_TARGET plplot)
pkg_check_modules(TOMLPLUSPLUS REQUIRED IMPORTED_TARGET tomlplusplus)

# Optional: without it, or with one of before version 5.1, the module is left out.
if(VPR_WITH_FFMPEG)
  pkg_check_modules(FFMPEG IMPORTED_TARGET libavformat>=59.27 libavcodec>=59.37 libswresample>=4.7 libswscale>=6.7 libavutil>=57.28)
  pkg_check_modules(AVDEVICE IMPORTED_TARGET libavdevice>=59.7)
  if(NOT FFMPEG_FOUND)
    message(STATUS "FFmpeg 5.1 or later not found: m4a, mp4, webm, videos and the like will not be read")
    set(VPR_WITH_FFMPEG OFF)
  elseif(NOT AVDEVICE_FOUND)
    message(STATUS "FFmpeg's libavdevice not found: cameras will not be opened")
  endif()
endif()

# Optional: without it faces are not found. dlib's own files name libraries of development packages that Debian's
# package of it does not bring, and of which nothing is called here.
if(VPR_WITH_DLIB)
  find_path(DLIB_INCLUDE_DIR dlib/image_processing/frontal_face_detector.h)
  find_library(DLIB_LIBRARY dlib)
  if(DLIB_INCLUDE_DIR AND DLIB_LIBRARY)
    add_library(vpr_dlib_library INTERFACE)
    target_include_directories(vpr_dlib_library SYSTEM INTERFACE ${DLIB_INCLUDE_DIR})
    target_link_libraries(vpr_dlib_library INTERFACE ${DLIB_LIBRARY})
  else()
    message(STATUS "dlib not found: no faces will be found in videos")
    set(VPR_WITH_DLIB OFF)
  endif()
endif()

# Debian's CMake file of oneDNN wants OpenCL's headers, which its package does not bring.
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_path(ONEDNN_INCLUDE_DIR oneapi/dnnl/dnnl.hpp REQUIRED)
find_library(ONEDNN_LIBRARY dnnl REQUIRED)
file(STRINGS ${ONEDNN_INCLUDE_DIR}/oneapi/dnnl/dnnl_version.h onednn_version REGEX "VERSION_(MAJOR|MINOR|PATCH)")
string(REGEX REPLACE "[^0-9;]" "" onednn_version "${onednn_version}")
string(JOIN . ONEDNN_VERSION ${onednn_version})
message(STATUS "oneDNN ${ONEDNN_VERSION}")
if(ONEDNN_VERSION VERSION_LESS 2.6 OR ONEDNN_VERSION VERSION_GREATER_EQUAL 4)
  message(FATAL_ERROR "oneDNN ${ONEDNN_VERSION} has another interface; 2.6 to 3.x is needed")
endif()
add_library(vpr_onednn_library INTERFACE)
target_include_directories(vpr_onednn_library SYSTEM INTERFACE ${ONEDNN_INCLUDE_DIR})
target_link_libraries(vpr_onednn_library INTERFACE ${ONEDNN_LIBRARY} OpenMP::OpenMP_CXX)

# Of ONNX only its protocol buffers.
find_package(Protobuf REQUIRED)
find_path(ONNX_INCLUDE_DIR onnx/onnx_pb.h REQUIRED)
find_library(ONNX_PROTO_LIBRARY onnx_proto REQUIRED)
add_library(vpr_onnx_library INTERFACE)
target_include_directories(vpr_onnx_library SYSTEM INTERFACE ${ONNX_INCLUDE_DIR})
target_compile_definitions(vpr_onnx_library INTERFACE ONNX_NAMESPACE=onnx ONNX_ML=1)
target_link_libraries(vpr_onnx_library INTERFACE ${ONNX_PROTO_LIBRARY} protobuf::libprotobuf)

# OpenCV, an independent runtime for ONNX files; only tests and benchmarks use it.
find_path(OPENCV_INCLUDE_DIR opencv2/dnn.hpp PATH_SUFFIXES opencv4)
find_library(OPENCV_DNN_LIBRARY opencv_dnn)
find_library(OPENCV_CORE_LIBRARY opencv_core)
if(OPENCV_INCLUDE_DIR AND OPENCV_DNN_LIBRARY AND OPENCV_CORE_LIBRARY)
  add_library(vpr_opencv_library INTERFACE)
  target_include_directories(vpr_opencv_library SYSTEM INTERFACE ${OPENCV_INCLUDE_DIR})
  target_link_libraries(vpr_opencv_library INTERFACE ${OPENCV_DNN_LIBRARY} ${OPENCV_CORE_LIBRARY})
endif()

find_path(KISSFFT_INCLUDE_DIR kissfft/kissfft.hh REQUIRED)  # header only, a template
add_library(vpr_kissfft INTERFACE)
target_include_directories(vpr_kissfft SYSTEM INTERFACE ${KISSFFT_INCLUDE_DIR})

# libsvm has neither a CMake nor a pkg-config file.
find_path(LIBSVM_INCLUDE_DIR libsvm/svm.h REQUIRED)
find_library(LIBSVM_LIBRARY svm REQUIRED)
add_library(vpr_libsvm INTERFACE)
target_include_directories(vpr_libsvm SYSTEM INTERFACE ${LIBSVM_INCLUDE_DIR})
target_link_libraries(vpr_libsvm INTERFACE ${LIBSVM_LIBRARY})

set(VPR_TORCH_CPU_FOLDER "" CACHE PATH "Folder with a LibTorch's include and lib, of which only the \
libraries for the CPU are linked: the CMake files of one that was built with CUDA ask for CUDA")
if(VPR_WITH_TORCH AND VPR_TORCH_CPU_FOLDER)
  find_library(VPR_TORCH_CPU_LIBRARY torch_cpu REQUIRED NO_DEFAULT_PATH HINTS ${VPR_TORCH_CPU_FOLDER}/lib)
  find_library(VPR_TORCH_C10_LIBRARY c10 REQUIRED NO_DEFAULT_PATH HINTS ${VPR_TORCH_CPU_FOLDER}/lib)
  set(TORCH_LIBRARIES ${VPR_TORCH_CPU_LIBRARY} ${VPR_TORCH_C10_LIBRARY})
  set(TORCH_INCLUDE_DIRS ${VPR_TORCH_CPU_FOLDER}/include
    ${VPR_TORCH_CPU_FOLDER}/include/torch/csrc/api/include)
  set(TORCH_CXX_FLAGS "")
  message(STATUS "LibTorch in ${VPR_TORCH_CPU_FOLDER}, on the CPU only")
elseif(VPR_WITH_TORCH)
  # Debian's LibTorch 1.13, or any 2.x named by CMAKE_PREFIX_PATH.
  find_package(Torch REQUIRED)
  message(STATUS "LibTorch ${Torch_VERSION}")
  if(TORCH_CXX_FLAGS MATCHES "_GLIBCXX_USE_CXX11_ABI=0")
    message(FATAL_ERROR "This LibTorch was built for the C++ library's ABI of before 2011, which the "
      "other packages do not use. Take the build that says cxx11-abi, or LibTorch 2.7 or later.")
  endif()
endif()
