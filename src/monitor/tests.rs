//! The test plays the container: a forked child writes to pipes, and the monitor's own streams are pipes, too.
