// The progress bar that stands on the terminal, for what ends the program in its midst.
#pragma once

namespace vpr::terminal {

// Takes the bar away, if one is drawn. For signal handlers: takes no lock and no memory.
void EraseBarAtEnd();

}  // namespace vpr::terminal
