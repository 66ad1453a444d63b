//! Commands on containers.

mod create;
mod exec;
mod inspect;
mod kill;
mod logs;
mod ls;
mod prune;
mod rm;
mod run;
mod start;
mod stop;
mod wait;
