//! What the container commands mean, one file per verb.
