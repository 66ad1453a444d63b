//! The child's side of a start, from the clone to the exec, in run order: read [`set_up`] from top to bottom.
//!
//! Until the exec this process runs our code with rights in the container's namespaces. It must not be reachable by what
//! runs there already (joined namespaces): it is not dumpable, all its descriptors are close-on-exec, and every path of
//! the container is resolved beneath its root.

use std::{convert::Infallible, os::fd::OwnedFd};

use anyhow::{Context, bail, ensure};
use rustix::fs::{Mode, OFlags};

use super::{
    handshake::{Channel, Failure, Message},
    parent::ChildEnd,
    program::{self, Program},
};
use crate::{
    runtime::{
        Launch, Stdio,
        namespaces::Plan,
        rootfs::{self, mounts::Mounts},
        sysctl, tty,
        user::{self, Identity},
    },
    sys::{fd, mount, net, process, userns},
};

/// Runs the child; it ends in the program or with a failure that the parent hears of.
pub(super) fn run(launch: &Launch<'_>, plan: &Plan, end: ChildEnd) -> ! {
    let Err(error) = set_up(launch, plan, &end);
    let _ = end.channel.say(&Message::Failed(Failure::of(&error)));
    process::exit_now(1)
}

/// All stages.
fn set_up(launch: &Launch<'_>, plan: &Plan, end: &ChildEnd) -> anyhow::Result<Infallible> {
    enter_identity(launch, plan, &end.channel)?;
    isolate(launch, plan)?;
    let kernel_parameters = sysctl::open(launch.spec)?;
    let built = build_root(launch, &end.channel)?;
    rootfs::pivot::pivot(&built.root).context("make the container's root the root")?;
    name_host(launch, plan)?;
    sysctl::write(launch.spec, kernel_parameters, launch.map)?;
    start_program(launch, built, end)
}

/// Gets the identity map.
///
/// Should: end as root of the user namespace, where it has one.
/// Mustn't: touch files before the map is there: what it made would have no owner.
fn enter_identity(launch: &Launch<'_>, plan: &Plan, channel: &Channel) -> anyhow::Result<()> {
    if plan.makes(libc::CLONE_NEWUSER) {
        if plan.self_mapped {
            userns::write_maps_of_self(launch.map).context("write the identity map")?;
        } else {
            match channel.hear()? {
                Some(Message::MapWritten) => {}
                _ => bail!("the identity map was not written"),
            }
        }
    }
    userns::become_root(launch.map).context("become root of the user namespace")
}

/// Cuts this process off from the caller's: session, keys, memory, mounts, network.
///
/// Should: come before anything of the container is touched.
fn isolate(launch: &Launch<'_>, plan: &Plan) -> anyhow::Result<()> {
    process::set_name(c"coracle-init")?;
    process::set_sid()?;
    process::join_new_keyring();
    close_to_neighbours(launch)?;
    mount::make_all_slaves().context("keep mounts apart from the host's")?;
    if plan.makes(libc::CLONE_NEWNET) {
        net::bring_up_loopback().context("bring the loopback device up")?;
    }
    Ok(())
}

/// Keeps this process from being traced or looked into. Where namespaces are joined it comes before that: a container
/// that is there already has rights in them (CVE-2016-9962). Afterwards /proc/self's files belong to the host's root: what
/// has to be written there, but for the identity map of a new user namespace, comes first.
pub(super) fn close_to_neighbours(launch: &Launch<'_>) -> anyhow::Result<()> {
    set_oom_score(launch)?;
    process::set_dumpable(false)?;
    process::hide_arguments();
    Ok(())
}

fn set_oom_score(launch: &Launch<'_>) -> anyhow::Result<()> {
    let Some(score) = launch.spec.process().as_ref().and_then(|process| process.oom_score_adj()) else {
        return Ok(());
    };
    let now = std::fs::read_to_string("/proc/self/oom_score_adj").context("read oom_score_adj")?;
    if now.trim() == score.to_string() {
        return Ok(());
    }
    std::fs::write("/proc/self/oom_score_adj", score.to_string()).with_context(|| {
        format!("set oom_score_adj to {score} (lower than the caller's {} takes privileges)", now.trim())
    })
}

/// What stands when the root does.
struct Built {
    root: OwnedFd,
    identity: Identity,
    /// The slave of the container's terminal: kept, since the name /dev/console may be another file's by the time that
    /// it is needed (CVE-2025-52565).
    terminal: Option<OwnedFd>,
}

/// Makes the container's root and everything that is mounted in it.
///
/// Should: leave the host's mounts and files as they were, but for the writable layer and what `copy-up` and `U` ask for.
/// Mustn't: follow a link out of the root.
fn build_root(launch: &Launch<'_>, channel: &Channel) -> anyhow::Result<Built> {
    let built = rootfs::build(&launch.root, launch.map)?;
    for note in built.notes {
        channel.say(&Message::Note(note))?;
    }
    let root = built.root;
    hand_over_layer(launch, &root, channel)?;
    rootfs::refuse_linked_system_directories(&root)?;
    let identity = user::resolve(std::os::fd::AsFd::as_fd(&root), launch.user, launch.groups)?;
    let mounts = Mounts { root: &root, map: launch.map, identity: &identity };
    mounts.apply(launch.spec.mounts().as_deref().unwrap_or_default())?;
    if let Some(linux) = launch.spec.linux() {
        rootfs::dev::add(&root, linux.devices().as_deref().unwrap_or_default())?;
    }
    let mut terminal = None;
    if let Stdio::Terminal { rows, columns } = launch.stdio {
        let (master, slave) = tty::open(&root, rows, columns, &identity)?;
        channel.say(&Message::Terminal(master))?;
        terminal = Some(slave);
    }
    if let Some(linux) = launch.spec.linux() {
        let places = rootfs::masked::Places::beneath(&root);
        places.mask(linux.masked_paths().as_deref().unwrap_or_default())?;
        places.make_read_only(linux.readonly_paths().as_deref().unwrap_or_default())?;
    }
    make_working_directory(launch, &root)?;
    if launch.spec.root().as_ref().and_then(oci_spec::runtime::Root::readonly).unwrap_or(false) {
        mount::add_attributes(&root, mount::Attributes::MOUNT_ATTR_RDONLY)
            .context("make the root read-only")?;
    }
    Ok(Built { root, identity, terminal })
}

/// Gives the parent the root as it is before anything of the container's own is mounted in it.
///
/// Mustn't: fail the start. Without it, the end of the container is seen later.
fn hand_over_layer(launch: &Launch<'_>, root: &OwnedFd, channel: &Channel) -> anyhow::Result<()> {
    match launch.root.layer() {
        Some(layer) if !layer.volatile => match mount::clone_tree(root, true) {
            Ok(tree) => Ok(channel.say(&Message::Layer(tree))?),
            Err(_) => Ok(()),
        },
        _ => Ok(()),
    }
}

/// As docker, a working directory that is missing is made, for root. It comes before the root may become read-only.
fn make_working_directory(launch: &Launch<'_>, root: &OwnedFd) -> anyhow::Result<()> {
    let process = launch.spec.process().as_ref().context("the specification has no process")?;
    let cwd = process.cwd();
    ensure!(cwd.is_absolute(), "the working directory {} is not an absolute path", cwd.display());
    crate::sys::beneath::make_dirs(root, cwd, Mode::from_raw_mode(0o755))
        .map(drop)
        .with_context(|| format!("make the working directory {}", cwd.display()))
}

/// Host and domain name, in a namespace of the container's own.
fn name_host(launch: &Launch<'_>, plan: &Plan) -> anyhow::Result<()> {
    if !plan.makes(libc::CLONE_NEWUTS) {
        return Ok(());
    }
    if let Some(name) = launch.spec.hostname() {
        rustix::system::sethostname(name.as_bytes())
            .with_context(|| format!("set the host name {name:?}"))?;
    }
    if let Some(name) = launch.spec.domainname() {
        rustix::system::setdomainname(name.as_bytes())
            .with_context(|| format!("set the domain name {name:?}"))?;
    }
    Ok(())
}

/// Becomes the program.
fn start_program(launch: &Launch<'_>, built: Built, end: &ChildEnd) -> anyhow::Result<Infallible> {
    let process = launch.spec.process().as_ref().context("the specification has no process")?;
    let root = rustix::fs::open("/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        .map_err(std::io::Error::from)
        .context("open the root")?;
    let identity = &built.identity;
    place_stdio(launch, identity, built.terminal.as_ref())?;
    let program = Program {
        process,
        root: &root,
        identity,
        map: launch.map,
        explicit_groups: !launch.groups.is_empty(),
        seccomp: &launch.seccomp,
        init: launch.init,
        dies_with_parent: true,
    };
    program::become_program(&program, end)
}

/// Puts the standard streams where the program expects them.
fn place_stdio(launch: &Launch<'_>, identity: &Identity, terminal: Option<&OwnedFd>) -> anyhow::Result<()> {
    match (&launch.stdio, terminal) {
        (Stdio::Streams { stdin, stdout, stderr }, _) => {
            tty::place_streams([stdin, stdout, stderr], identity)?;
        }
        (Stdio::Terminal { .. }, Some(slave)) => tty::place_terminal(slave)?,
        (Stdio::Terminal { .. }, None) => bail!("the terminal was not opened"),
    }
    fd::close_on_exec_from(3).context("keep our descriptors from the program")
}
