//! Advice that follows an error: what the user can do about it.

use super::output::template;
use crate::engine;

/// What to do about an error, where we know.
pub fn of(error: &anyhow::Error) -> Vec<String> {
    let mut hints: Vec<String> = Vec::new();
    for cause in error.chain() {
        let hint =
            cause.downcast_ref().and_then(of_engine).or_else(|| cause.downcast_ref().and_then(of_template));
        hints.extend(hint.filter(|hint| !hints.contains(hint)));
    }
    hints
}

fn of_engine(error: &engine::Error) -> Option<String> {
    use engine::Error;
    Some(match error {
        Error::NameTaken { .. } => {
            "remove or rename that container, or give --replace to take its place".to_owned()
        }
        Error::Running { name } => format!("stop it first ('coracle stop {name}'), or force it with -f"),
        Error::Ambiguous { .. } => "give more of the id".to_owned(),
        Error::NoMountSource { path } => format!("make it first: mkdir -p {}", path.display()),
        _ => return None,
    })
}

fn of_template(error: &template::Error) -> Option<String> {
    (!error.names().is_empty()).then(|| format!("the fields are {}", error.names().join(", ")))
}

/// Why a flag of docker's is not there, for those that people use daily.
pub fn unsupported_flag(flag: &str) -> Option<&'static str> {
    Some(match flag.split([' ', '=', '[']).next()? {
        "-p" | "--publish" | "-P" | "--publish-all" | "--ip" | "--link" | "--network-alias" => {
            "containers have no network of their own yet; --network host shares the host's"
        }
        "-m" | "--memory" | "--cpus" | "--cpu-shares" | "--cpuset-cpus" | "--pids-limit" => {
            "cgroup limits are not there yet; --ulimit limits each process"
        }
        "--restart" => "containers are not restarted by themselves yet; a systemd unit can do it",
        _ => return None,
    })
}
