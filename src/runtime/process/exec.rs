//! A further program in a running container.
