//! Prints an error: `coracle: <what>: <cause>` and, where one is known, a `hint:` line; and its exit status.
