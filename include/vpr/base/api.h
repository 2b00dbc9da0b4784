// What the shared library libvpr exports.
#pragma once

#define VPR_API __attribute__((visibility("default")))
