#pragma once

#include "cli/command.h"
#include "terminal/usage.h"
