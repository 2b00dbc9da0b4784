# Debian packages by CPack (cpack -G DEB, of a build configured with -DCMAKE_INSTALL_PREFIX=/usr): vpr, which needs
# none of the others; what it does without: vpr-torch, vpr-ffmpeg, vpr-camera, vpr-faces; and for programs of others libvpr0, libvpr-dev.
set(VPR_PACKAGE_CONTACT "vpr <vpr@example.org>" CACHE STRING "Who answers for the Debian packages built here")
set(CPACK_PACKAGE_NAME vpr)
set(CPACK_PACKAGE_VENDOR vpr)
set(CPACK_PACKAGE_CONTACT "${VPR_PACKAGE_CONTACT}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "voiceprint verification: who is speaking?")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION sound)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)

set(soname libvpr${PROJECT_VERSION_MAJOR})
set(same "vpr (= ${PROJECT_VERSION})")  # modules of another build are refused
# part  package  depends  description
set(packages
  vpr vpr "" "Compares recordings, enrolls people and identifies them, offline, in a
terminal or as a service."
  torch vpr-torch "${same}" "vpr's module for training and for GPUs (LibTorch)."
  ffmpeg vpr-ffmpeg "${same}" "vpr's module for recordings of phones, browsers and meetings
(FFmpeg's libraries)."
  camera vpr-camera "${same}, vpr-ffmpeg (= ${PROJECT_VERSION})" "vpr's module for cameras (FFmpeg's libavdevice)."
  faces vpr-faces "${same}, vpr-ffmpeg (= ${PROJECT_VERSION})" "vpr's module that finds faces in videos (dlib)."
  lib ${soname} "${same}" "The library: voiceprints for programs of others."
  dev libvpr-dev "${soname} (= ${PROJECT_VERSION})" "Headers, CMake and pkg-config files of the library.")
# leave_out(PART): its four words above.
macro(leave_out part)
  list(FIND packages ${part} at)
  foreach(i RANGE 3)
    list(REMOVE_AT packages ${at})
  endforeach()
endmacro()
if(NOT VPR_WITH_TORCH)
  leave_out(torch)
endif()
if(NOT VPR_WITH_FFMPEG)
  leave_out(ffmpeg)
endif()
if(NOT TARGET vpr_camera)
  leave_out(camera)
endif()
if(NOT VPR_WITH_DLIB)
  leave_out(faces)
endif()

# What Debian's policy wants to be in each.
set(debian ${PROJECT_SOURCE_DIR}/packaging/debian)
string(TIMESTAMP vpr_date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE ${PROJECT_BINARY_DIR}/debian/changelog "vpr (${PROJECT_VERSION}) unstable; urgency=medium

  * What is new is in the project's CHANGELOG.md.

 -- ${CPACK_PACKAGE_CONTACT}  ${vpr_date}
")
execute_process(COMMAND gzip -9nf ${PROJECT_BINARY_DIR}/debian/changelog OUTPUT_QUIET ERROR_QUIET)
while(packages)
  list(POP_FRONT packages part package depends description)
  string(TOUPPER ${part} upper)
  list(APPEND CPACK_COMPONENTS_ALL ${part})
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${package})
  set(CPACK_DEBIAN_${upper}_PACKAGE_DEPENDS "${depends}")
  set(CPACK_COMPONENT_${upper}_DESCRIPTION "${description}")
  install(FILES ${debian}/copyright ${PROJECT_BINARY_DIR}/debian/changelog.gz
    DESTINATION share/doc/${package} COMPONENT ${part} OPTIONAL)
  if(EXISTS ${debian}/lintian/${package})
    install(FILES ${debian}/lintian/${package} DESTINATION share/lintian/overrides COMPONENT ${part})
  endif()
endwhile()
set(CPACK_DEBIAN_VPR_PACKAGE_SUGGESTS vpr-torch)
set(CPACK_DEBIAN_VPR_PACKAGE_RECOMMENDS vpr-ffmpeg)
set(CPACK_DEBIAN_VPR_PACKAGE_CONTROL_EXTRA ${debian}/postinst ${debian}/prerm ${debian}/postrm)
set(CPACK_DEBIAN_LIB_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
file(WRITE ${PROJECT_BINARY_DIR}/debian/shlibs "libvpr ${PROJECT_VERSION_MAJOR} ${soname} (>= ${PROJECT_VERSION})\n")
set(CPACK_DEBIAN_LIB_PACKAGE_CONTROL_EXTRA ${debian}/triggers ${PROJECT_BINARY_DIR}/debian/shlibs)
include(CPack)
