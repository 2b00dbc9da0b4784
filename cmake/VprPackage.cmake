# Debian packages by CPack (cpack -G DEB): vpr, and what it does without: vpr-torch, vpr-ffmpeg.
set(CPACK_PACKAGE_NAME vpr)
set(CPACK_PACKAGE_VENDOR vpr)
set(CPACK_PACKAGE_CONTACT "vpr <vpr@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "voiceprint verification: who is speaking?")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL vpr torch ffmpeg)
if(NOT VPR_WITH_TORCH)
  list(REMOVE_ITEM CPACK_COMPONENTS_ALL torch)
endif()
if(NOT VPR_WITH_FFMPEG)
  list(REMOVE_ITEM CPACK_COMPONENTS_ALL ffmpeg)
endif()
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION sound)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_VPR_PACKAGE_NAME vpr)
set(CPACK_DEBIAN_VPR_PACKAGE_SUGGESTS vpr-torch)
set(CPACK_DEBIAN_VPR_PACKAGE_RECOMMENDS vpr-ffmpeg)
set(CPACK_DEBIAN_TORCH_PACKAGE_NAME vpr-torch)
set(CPACK_DEBIAN_FFMPEG_PACKAGE_NAME vpr-ffmpeg)
foreach(part TORCH FFMPEG)
  # Modules of another build are refused.
  set(CPACK_DEBIAN_${part}_PACKAGE_DEPENDS "vpr (= ${PROJECT_VERSION})")
endforeach()
set(CPACK_COMPONENT_VPR_DESCRIPTION "Compares recordings, enrolls people and identifies them, offline, in a terminal or as a service.")
set(CPACK_COMPONENT_TORCH_DESCRIPTION "vpr's module for training and for GPUs (LibTorch).")
set(CPACK_COMPONENT_FFMPEG_DESCRIPTION "vpr's module for recordings of phones, browsers and meetings (FFmpeg's libraries).")
# What Debian's policy wants to be in each.
set(debian ${PROJECT_SOURCE_DIR}/packaging/debian)
string(TIMESTAMP vpr_date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE ${PROJECT_BINARY_DIR}/debian/changelog "vpr (${PROJECT_VERSION}) unstable; urgency=medium

  * What is new is in the project's CHANGELOG.md.

 -- ${CPACK_PACKAGE_CONTACT}  ${vpr_date}
")
execute_process(COMMAND gzip -9nf ${PROJECT_BINARY_DIR}/debian/changelog OUTPUT_QUIET ERROR_QUIET)
foreach(part IN ITEMS vpr torch ffmpeg)
  string(TOUPPER ${part} upper)
  install(FILES ${debian}/copyright ${PROJECT_BINARY_DIR}/debian/changelog.gz
    DESTINATION share/doc/${CPACK_DEBIAN_${upper}_PACKAGE_NAME} COMPONENT ${part} OPTIONAL)
endforeach()
set(CPACK_DEBIAN_VPR_PACKAGE_CONTROL_EXTRA ${debian}/postinst ${debian}/prerm ${debian}/postrm)
include(CPack)
