//! The options that say what a container is to be, shared by `run` and `create`.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::bail;
use clap::{Args, ValueEnum};

use crate::{
    cli::opts::{
        self,
        env::EnvOptions,
        label::LabelOptions,
        namespace::{NamespaceChoice, NetworkChoice},
        pull::Pull,
        security::SecurityOption,
    },
    engine::{
        Error,
        container::create::{CreateOptions, Source},
    },
    store::{
        container::{
            DeviceConfig, HostConfig, LifecycleConfig, MountConfig, ProcessConfig, SecurityConfig, Ulimit,
            UserNamespace,
        },
        image::Platform,
    },
};

/// Options of `run` and `create`.
#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct ContainerOptions {
    /// Give the container a name
    #[arg(long, value_parser = opts::name)]
    name: Option<String>,
    /// Remove the container that has the name
    #[arg(long)]
    replace: bool,
    /// Remove the container and its anonymous volumes when it exits
    #[arg(long)]
    rm: bool,
    /// Fetch the image: always, missing or never
    #[arg(long, value_name = "POLICY", default_value = "missing", value_parser = opts::pull::parse)]
    pull: Pull,
    /// Use the image for this platform, as in linux/arm64
    #[arg(long, value_name = "OS/ARCH")]
    platform: Option<Platform>,
    /// Take the argument for a directory that holds a root file system, not for an image
    #[arg(long)]
    rootfs: bool,
    /// Write the container's id to a file, which must not exist yet
    #[arg(long, value_name = "FILE")]
    cidfile: Option<PathBuf>,
    /// Write the pid of the container's first process to a file
    #[arg(long, value_name = "FILE")]
    pidfile: Option<PathBuf>,
    #[command(flatten)]
    labels: LabelOptions,
    /// Add an annotation to the container
    #[arg(long, value_name = "NAME=VALUE", value_parser = opts::label::annotation)]
    annotation: Vec<(String, String)>,
    #[command(flatten)]
    program: ProgramOptions,
    #[command(flatten)]
    namespaces: NamespaceOptions,
    #[command(flatten)]
    files: FileOptions,
    #[command(flatten)]
    security: SecurityOptions,
    #[command(flatten)]
    host: HostOptions,
    /// An image's name or id, or host: for the files of the host; the program to run instead of the image's; its arguments
    #[arg(value_name = "IMAGE [COMMAND] [ARG...]", required = true, trailing_var_arg = true)]
    words: Vec<String>,
}

/// The program and how it ends.
#[derive(Debug, Args)]
#[group(skip)]
struct ProgramOptions {
    /// Keep standard input open
    #[arg(short, long)]
    interactive: bool,
    /// Give the program a terminal
    #[arg(short, long)]
    tty: bool,
    /// Attach to one of the program's streams
    #[arg(short, long, value_name = "STREAM", ignore_case = true)]
    attach: Vec<Stream>,
    #[command(flatten)]
    env: EnvOptions,
    /// Run in this directory of the container
    #[arg(short, long, value_name = "DIR")]
    workdir: Option<String>,
    /// Run as this user of the container
    #[arg(short, long, value_name = "USER[:GROUP]")]
    user: Option<String>,
    /// Add the user to a group
    #[arg(long, value_name = "GROUP")]
    group_add: Vec<String>,
    /// Run this instead of the image's entrypoint; empty for none
    #[arg(long, value_name = "PROGRAM")]
    entrypoint: Option<String>,
    /// Run an init as process 1 that passes signals on and reaps zombies
    #[arg(long)]
    init: bool,
    /// Set the umask, in octal
    #[arg(long, value_parser = opts::umask::parse)]
    umask: Option<u32>,
    /// Ask the program to end with this signal (default the image's, else SIGTERM)
    #[arg(long, value_name = "SIGNAL", value_parser = opts::signal)]
    stop_signal: Option<String>,
    /// Kill the program this long after it was asked to end; negative for never (default 10)
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    stop_timeout: Option<i64>,
    /// Kill the container after it has run this long
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    timeout: u64,
}

/// One of the program's standard streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Stream {
    Stdin,
    Stdout,
    Stderr,
}

/// What is shared with the host or another container.
#[derive(Debug, Args)]
#[group(skip)]
struct NamespaceOptions {
    /// Connect to a network: none (the default: loopback alone), host, container:NAME
    #[arg(long, alias = "net", value_name = "NETWORK", value_parser = opts::namespace::network)]
    network: Option<NetworkChoice>,
    /// Choose the user namespace: host (the one containers share), private, auto, keep-id
    #[arg(long, value_name = "MODE", value_parser = opts::namespace::user)]
    userns: Option<UserNamespace>,
    /// Choose the process namespace: private, host, container:NAME
    #[arg(long, value_name = "MODE", value_parser = opts::namespace::parse)]
    pid: Option<NamespaceChoice>,
    /// Choose the IPC namespace: private, host, container:NAME
    #[arg(long, value_name = "MODE", value_parser = opts::namespace::ipc)]
    ipc: Option<NamespaceChoice>,
    /// Choose the host name's namespace: private, host, container:NAME
    #[arg(long, value_name = "MODE", value_parser = opts::namespace::parse)]
    uts: Option<NamespaceChoice>,
    /// Note that a port is used
    #[arg(long, value_name = "PORT[/PROTOCOL]", value_parser = ports)]
    expose: Vec<Ports>,
}

/// The ports of one `--expose`.
#[derive(Debug, Clone)]
struct Ports(Vec<String>);

fn ports(text: &str) -> Result<Ports, String> {
    opts::expose::parse(text).map(Ports)
}

/// Mounts.
#[derive(Debug, Args)]
#[group(skip)]
struct FileOptions {
    /// Mount a volume, or a file or directory of the host
    #[arg(short, long, value_name = "[SOURCE:]TARGET[:OPTIONS]", value_parser = opts::volume::parse)]
    volume: Vec<MountConfig>,
    /// Mount something: type=bind|volume|tmpfs,source=...,target=...
    #[arg(long, value_name = "KEY=VALUE,...", value_parser = opts::mount::parse)]
    mount: Vec<MountConfig>,
    /// Mount a file system in memory
    #[arg(long, value_name = "TARGET[:OPTIONS]", value_parser = opts::tmpfs::parse)]
    tmpfs: Vec<MountConfig>,
    /// Make the root file system read-only
    #[arg(long)]
    read_only: bool,
    /// Set the size of /dev/shm (default 64m)
    #[arg(long, value_name = "SIZE", value_parser = opts::size)]
    shm_size: Option<u64>,
    /// Give the container a device of the host
    #[arg(long, value_name = "SOURCE[:TARGET[:rwm]]", value_parser = opts::device::parse)]
    device: Vec<DeviceConfig>,
}

/// What the program may do.
#[derive(Debug, Args)]
#[group(skip)]
struct SecurityOptions {
    /// Give the program every capability and hide nothing from it; it gets no rights that its caller has not
    #[arg(long)]
    privileged: bool,
    /// Add a capability
    #[arg(long, value_name = "CAPABILITY", value_delimiter = ',')]
    cap_add: Vec<String>,
    /// Drop a capability
    #[arg(long, value_name = "CAPABILITY", value_delimiter = ',')]
    cap_drop: Vec<String>,
    /// Set a security option: seccomp=FILE|unconfined, no-new-privileges, mask=PATH, unmask=PATH|ALL
    #[arg(long, value_name = "OPTION", value_parser = opts::security::parse)]
    security_opt: Vec<SecurityOption>,
    /// Set a kernel parameter of the container's namespaces
    #[arg(long, value_name = "NAME=VALUE", value_parser = opts::sysctl::parse)]
    sysctl: Vec<(String, String)>,
    /// Limit a resource
    #[arg(long, value_name = "NAME=SOFT[:HARD]", value_parser = opts::ulimit::parse)]
    ulimit: Vec<Ulimit>,
    /// Set how soon the kernel kills the program when memory runs out, from -1000 to 1000
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = opts::oom_score_adj)]
    oom_score_adj: Option<i32>,
}

/// Names.
#[derive(Debug, Args)]
#[group(skip)]
struct HostOptions {
    /// Set the host name
    #[arg(short = 'h', long, value_parser = opts::hostname)]
    hostname: Option<String>,
    /// Set the NIS domain name
    #[arg(long)]
    domainname: Option<String>,
    /// Add a line to /etc/hosts
    #[arg(long, value_name = "NAME:ADDRESS", value_parser = opts::add_host::parse)]
    add_host: Vec<String>,
    /// Use a DNS server
    #[arg(long, value_name = "ADDRESS", value_parser = opts::ip_address)]
    dns: Vec<String>,
    /// Set a DNS search domain
    #[arg(long, value_name = "DOMAIN")]
    dns_search: Vec<String>,
    /// Set a DNS resolver option
    #[arg(long, alias = "dns-opt", value_name = "OPTION")]
    dns_option: Vec<String>,
}

/// Which of the caller's streams are attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attached {
    pub(super) stdin: bool,
    pub(super) stdout: bool,
    pub(super) stderr: bool,
}

impl Attached {
    pub(super) fn shows_output(self) -> bool {
        self.stdout || self.stderr
    }
}

impl ContainerOptions {
    pub(super) fn terminal(&self) -> bool {
        self.program.tty
    }

    /// `-a` was given.
    pub(super) fn names_streams(&self) -> bool {
        !self.program.attach.is_empty()
    }

    /// `-a`, or what docker takes for it where it was not given: the output, and the input with `-i`.
    pub(super) fn attached(&self) -> Attached {
        if !self.names_streams() {
            return Attached { stdin: self.program.interactive, stdout: true, stderr: true };
        }
        let named = |stream| self.program.attach.contains(&stream);
        Attached { stdin: named(Stream::Stdin), stdout: named(Stream::Stdout), stderr: named(Stream::Stderr) }
    }

    /// What the engine is to make. Reads the files that options name.
    pub(super) fn into_create_options(self) -> anyhow::Result<CreateOptions> {
        let attached = self.attached();
        let mut words = self.words.into_iter();
        let image = words.next().expect("clap wants one word at least");
        let source = match self.rootfs {
            true => Source::Directory(std::path::absolute(&image)?),
            false => Source::Image(image),
        };
        let program = self.program;
        let process = ProcessConfig {
            command: words.collect(),
            cwd: working_directory(program.workdir)?,
            user: program.user.unwrap_or_default(),
            groups: program.group_add,
            terminal: program.tty,
            stdin: program.interactive || attached.stdin,
            init: program.init,
            umask: program.umask,
            ..ProcessConfig::default()
        };
        let lifecycle = LifecycleConfig {
            auto_remove: self.rm,
            stop_signal: program.stop_signal.unwrap_or_default(),
            stop_timeout: program.stop_timeout,
            timeout: program.timeout,
            pidfile: self.pidfile.map(std::path::absolute).transpose()?,
            cidfile: self.cidfile.map(std::path::absolute).transpose()?,
        };
        let mut mounts = self.files.volume;
        mounts.extend(self.files.mount);
        mounts.extend(self.files.tmpfs);
        let namespaces = self.namespaces;
        Ok(CreateOptions {
            source,
            pull: self.pull,
            platform: self.platform,
            name: self.name.filter(|name| !name.is_empty()),
            replace: self.replace,
            entrypoint: program
                .entrypoint
                .map(|program| if program.is_empty() { Vec::new() } else { vec![program] }),
            process,
            env: program.env.settings()?,
            user_namespace: namespaces.userns.unwrap_or_default(),
            pid: namespaces.pid.unwrap_or_default(),
            ipc: namespaces.ipc.unwrap_or_default(),
            uts: namespaces.uts.unwrap_or_default(),
            network: namespaces.network.unwrap_or_default(),
            mounts,
            host: self.host.into_config(&self.security, self.files.shm_size),
            security: self.security.into_config(self.files.read_only, self.files.device)?,
            lifecycle,
            labels: self.labels.labels()?,
            annotations: self.annotation.into_iter().collect(),
            expose: namespaces.expose.into_iter().flat_map(|ports| ports.0).collect(),
        })
    }
}

fn working_directory(path: Option<String>) -> anyhow::Result<String> {
    let path = path.unwrap_or_default();
    if !(path.is_empty() || path.starts_with('/')) {
        bail!(Error::Invalid(format!(
            "the working directory '{path}' is invalid, it needs to be an absolute path"
        )));
    }
    Ok(path)
}

impl SecurityOptions {
    fn into_config(self, readonly_root: bool, devices: Vec<DeviceConfig>) -> anyhow::Result<SecurityConfig> {
        let mut security = SecurityConfig {
            privileged: self.privileged,
            cap_add: self.cap_add,
            cap_drop: self.cap_drop,
            readonly_root,
            devices,
            ..SecurityConfig::default()
        };
        opts::security::apply(self.security_opt, &mut security)?;
        Ok(security)
    }
}

impl HostOptions {
    fn into_config(self, security: &SecurityOptions, shm_size: Option<u64>) -> HostConfig {
        // The last one of a name counts.
        let ulimits: BTreeMap<&str, &Ulimit> =
            security.ulimit.iter().map(|limit| (limit.name.as_str(), limit)).collect();
        HostConfig {
            hostname: self.hostname.unwrap_or_default(),
            domainname: self.domainname.unwrap_or_default(),
            add_hosts: self.add_host,
            dns: self.dns,
            dns_search: self.dns_search,
            dns_options: self.dns_option,
            ulimits: ulimits.into_values().cloned().collect(),
            shm_size,
            sysctls: security.sysctl.iter().cloned().collect(),
            oom_score_adj: security.oom_score_adj,
        }
    }
}
