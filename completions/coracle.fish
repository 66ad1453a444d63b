# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_coracle_global_optspecs
    string join \n root= D/debug v/version h/help
end

function __fish_coracle_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_coracle_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_coracle_using_subcommand
    set -l cmd (__fish_coracle_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c coracle -n "__fish_coracle_needs_command" -l root -d 'Keep images, containers and volumes beneath DIR (default $CORACLE_ROOT, else $XDG_DATA_HOME/coracle, else ~/.local/share/coracle)' -r -F
complete -c coracle -n "__fish_coracle_needs_command" -s D -l debug -d 'Print each cause of an error on a line of its own'
complete -c coracle -n "__fish_coracle_needs_command" -s v -l version -d 'Print the version'
complete -c coracle -n "__fish_coracle_needs_command" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "attach" -d 'Attach to the streams of a running container'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "completion" -d 'Print a completion script for a shell'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "create" -d 'Create a container'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "exec" -d 'Run a program in a running container'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "history" -d 'Show the steps that made an image'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "images" -d 'List images'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "import" -d 'Make an image of a root file system\'s tarball'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "info" -d 'Show what is in the store, and what the host offers'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "inspect" -d 'Show all that is known of containers, images and volumes'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "kill" -d 'Send a signal to containers'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "load" -d 'Load images from an archive'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "logs" -d 'Show what a container\'s program wrote'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "ps" -d 'List containers'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "pull" -d 'Take an image from an OCI layout or an archive'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "restart" -d 'Stop containers and start them again'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "rm" -d 'Remove containers'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "rmi" -d 'Remove images'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "run" -d 'Create a container and run its program'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "save" -d 'Save images to an archive'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "start" -d 'Start containers'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "stop" -d 'Stop containers'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "tag" -d 'Give an image a further name'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "untag" -d 'Take names from an image'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "version" -d 'Show the version'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "wait" -d 'Wait until containers stop, and print their exit codes'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "container" -d 'Manage containers'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "image" -d 'Manage images'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "volume" -d 'Manage volumes'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "system" -d 'Manage the store as a whole'
complete -c coracle -n "__fish_coracle_using_subcommand attach" -l detach-keys -d 'Choose the keys (default ctrl-p,ctrl-q) that leave the container running' -r
complete -c coracle -n "__fish_coracle_using_subcommand attach" -l sig-proxy -d 'Pass signals on to the program, if it has no terminal' -r -f -a "true\t''
false\t''"
complete -c coracle -n "__fish_coracle_using_subcommand attach" -l no-stdin -d 'Do not attach standard input'
complete -c coracle -n "__fish_coracle_using_subcommand attach" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand completion" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand create" -l name -d 'Give the container a name' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l pull -d 'Fetch the image: always, missing or never' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l platform -d 'Use the image for this platform, as in linux/arm64' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l cidfile -d 'Write the container\'s id to a file, which must not exist yet' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand create" -l pidfile -d 'Write the pid of the container\'s first process to a file' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand create" -s l -l label -d 'Set a label' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l label-file -d 'Read labels from a file of NAME=VALUE lines' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand create" -l annotation -d 'Add an annotation to the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -s a -l attach -d 'Attach to one of the program\'s streams' -r -f -a "stdin\t''
stdout\t''
stderr\t''"
complete -c coracle -n "__fish_coracle_using_subcommand create" -s e -l env -d 'Set an environment variable; without a value, the one it has here' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l env-file -d 'Read environment variables from a file of NAME=VALUE lines' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand create" -s w -l workdir -d 'Run in this directory of the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -s u -l user -d 'Run as this user of the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l group-add -d 'Add the user to a group' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l entrypoint -d 'Run this instead of the image\'s entrypoint; empty for none' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l umask -d 'Set the umask, in octal' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l stop-signal -d 'Ask the program to end with this signal (default the image\'s, else SIGTERM)' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l stop-timeout -d 'Kill the program this long after it was asked to end; negative for never (default 10)' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l timeout -d 'Kill the container after it has run this long' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l network -d 'Connect to a network: none (the default: loopback alone), host, container:NAME' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l userns -d 'Choose the user namespace: host (the one containers share), private, auto, keep-id' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l pid -d 'Choose the process namespace: private, host, container:NAME' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l ipc -d 'Choose the IPC namespace: private, host, container:NAME' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l uts -d 'Choose the host name\'s namespace: private, host, container:NAME' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l expose -d 'Note that a port is used' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -s v -l volume -d 'Mount a volume, or a file or directory of the host' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l mount -d 'Mount something: type=bind|volume|tmpfs,source=...,target=...' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l tmpfs -d 'Mount a file system in memory' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l shm-size -d 'Set the size of /dev/shm (default 64m)' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l device -d 'Give the container a device of the host' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l cap-add -d 'Add a capability' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l cap-drop -d 'Drop a capability' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l security-opt -d 'Set a security option: seccomp=FILE|unconfined, no-new-privileges, mask=PATH, unmask=PATH|ALL' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l sysctl -d 'Set a kernel parameter of the container\'s namespaces' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l ulimit -d 'Limit a resource' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l oom-score-adj -d 'Set how soon the kernel kills the program when memory runs out, from -1000 to 1000' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -s h -l hostname -d 'Set the host name' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l domainname -d 'Set the NIS domain name' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l add-host -d 'Add a line to /etc/hosts' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l dns -d 'Use a DNS server' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l dns-search -d 'Set a DNS search domain' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l dns-option -d 'Set a DNS resolver option' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l replace -d 'Remove the container that has the name'
complete -c coracle -n "__fish_coracle_using_subcommand create" -l rm -d 'Remove the container and its anonymous volumes when it exits'
complete -c coracle -n "__fish_coracle_using_subcommand create" -l rootfs -d 'Take the argument for a directory that holds a root file system, not for an image'
complete -c coracle -n "__fish_coracle_using_subcommand create" -s i -l interactive -d 'Keep standard input open'
complete -c coracle -n "__fish_coracle_using_subcommand create" -s t -l tty -d 'Give the program a terminal'
complete -c coracle -n "__fish_coracle_using_subcommand create" -l init -d 'Run an init as process 1 that passes signals on and reaps zombies'
complete -c coracle -n "__fish_coracle_using_subcommand create" -l read-only -d 'Make the root file system read-only'
complete -c coracle -n "__fish_coracle_using_subcommand create" -l privileged -d 'Give the program every capability and hide nothing from it; it gets no rights that its caller has not'
complete -c coracle -n "__fish_coracle_using_subcommand create" -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand exec" -l detach-keys -d 'Choose the keys (default ctrl-p,ctrl-q) that leave the program running' -r
complete -c coracle -n "__fish_coracle_using_subcommand exec" -s e -l env -d 'Set an environment variable; without a value, the one it has here' -r
complete -c coracle -n "__fish_coracle_using_subcommand exec" -l env-file -d 'Read environment variables from a file of NAME=VALUE lines' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand exec" -s w -l workdir -d 'Run in this directory of the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand exec" -s u -l user -d 'Run as this user of the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand exec" -s d -l detach -d 'Run in the background'
complete -c coracle -n "__fish_coracle_using_subcommand exec" -s i -l interactive -d 'Keep standard input open'
complete -c coracle -n "__fish_coracle_using_subcommand exec" -s t -l tty -d 'Give the program a terminal'
complete -c coracle -n "__fish_coracle_using_subcommand exec" -l privileged -d 'Give the program every capability that the container\'s user namespace has'
complete -c coracle -n "__fish_coracle_using_subcommand exec" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand history" -l format -d 'Print with a template, or as json' -r
complete -c coracle -n "__fish_coracle_using_subcommand history" -s H -l human -d 'Print sizes and times for people, or (--human=false) bytes and dates' -r -f -a "true\t''
false\t''"
complete -c coracle -n "__fish_coracle_using_subcommand history" -l no-trunc -d 'Show whole ids and commands'
complete -c coracle -n "__fish_coracle_using_subcommand history" -s q -l quiet -d 'Show ids alone'
complete -c coracle -n "__fish_coracle_using_subcommand history" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand images" -s f -l filter -d 'Show images that match: before, dangling, label, reference, since, until' -r
complete -c coracle -n "__fish_coracle_using_subcommand images" -l format -d 'Print with a template, or as json' -r
complete -c coracle -n "__fish_coracle_using_subcommand images" -s a -l all -d 'Show all images; there are no hidden ones'
complete -c coracle -n "__fish_coracle_using_subcommand images" -l digests -d 'Show the digests of manifests'
complete -c coracle -n "__fish_coracle_using_subcommand images" -l no-trunc -d 'Show whole ids'
complete -c coracle -n "__fish_coracle_using_subcommand images" -s q -l quiet -d 'Show ids alone'
complete -c coracle -n "__fish_coracle_using_subcommand images" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand import" -s c -l change -d 'Apply a Dockerfile instruction to the image\'s config: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR' -r
complete -c coracle -n "__fish_coracle_using_subcommand import" -s m -l message -d 'Set the comment of the image\'s history' -r
complete -c coracle -n "__fish_coracle_using_subcommand import" -l platform -d 'Say what platform the image is for, as in linux/arm64' -r
complete -c coracle -n "__fish_coracle_using_subcommand import" -s q -l quiet -d 'Print no progress, only the id'
complete -c coracle -n "__fish_coracle_using_subcommand import" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand info" -s f -l format -d 'Print with a template, or as json' -r
complete -c coracle -n "__fish_coracle_using_subcommand info" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand inspect" -s f -l format -d 'Print with a template, or as json' -r
complete -c coracle -n "__fish_coracle_using_subcommand inspect" -l type -d 'Look at things of this kind alone' -r -f -a "container\t''
image\t''
volume\t''"
complete -c coracle -n "__fish_coracle_using_subcommand inspect" -s s -l size -d 'Measure containers\' files as well'
complete -c coracle -n "__fish_coracle_using_subcommand inspect" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand kill" -s s -l signal -d 'Send this signal' -r
complete -c coracle -n "__fish_coracle_using_subcommand kill" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand load" -s i -l input -d 'Read from the archive FILE instead of the standard input' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand load" -l platform -d 'Load the image for this platform alone, as in linux/arm64' -r
complete -c coracle -n "__fish_coracle_using_subcommand load" -s q -l quiet -d 'Print no progress, only the names'
complete -c coracle -n "__fish_coracle_using_subcommand load" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand logs" -s n -l tail -d 'Show this many of the last lines only' -r
complete -c coracle -n "__fish_coracle_using_subcommand logs" -l since -d 'Show what was written since a time (2026-01-02T15:04:05Z, 1767366245) or a while ago (10m)' -r
complete -c coracle -n "__fish_coracle_using_subcommand logs" -l until -d 'Show what was written before a time (2026-01-02T15:04:05Z, 1767366245) or a while ago (10m)' -r
complete -c coracle -n "__fish_coracle_using_subcommand logs" -s f -l follow -d 'Go on until the container stops'
complete -c coracle -n "__fish_coracle_using_subcommand logs" -s t -l timestamps -d 'Show when each line was written'
complete -c coracle -n "__fish_coracle_using_subcommand logs" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand ps" -s f -l filter -d 'Show containers that match: id, name, label, status, exited, ancestor, before, since, volume, network, health, expose, publish' -r
complete -c coracle -n "__fish_coracle_using_subcommand ps" -l format -d 'Print with a template, or as json' -r
complete -c coracle -n "__fish_coracle_using_subcommand ps" -s n -l last -d 'Show the newest containers, running or not' -r
complete -c coracle -n "__fish_coracle_using_subcommand ps" -s a -l all -d 'Show containers that do not run, too'
complete -c coracle -n "__fish_coracle_using_subcommand ps" -s l -l latest -d 'Show the newest container, running or not'
complete -c coracle -n "__fish_coracle_using_subcommand ps" -l no-trunc -d 'Show whole ids and commands'
complete -c coracle -n "__fish_coracle_using_subcommand ps" -s q -l quiet -d 'Show ids alone'
complete -c coracle -n "__fish_coracle_using_subcommand ps" -s s -l size -d 'Show the size of the containers\' files'
complete -c coracle -n "__fish_coracle_using_subcommand ps" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand pull" -l platform -d 'Take the image for this platform alone, as in linux/arm64' -r
complete -c coracle -n "__fish_coracle_using_subcommand pull" -s q -l quiet -d 'Print nothing but the image\'s name'
complete -c coracle -n "__fish_coracle_using_subcommand pull" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand restart" -s s -l signal -d 'Ask the program to end with this signal (default the container\'s --stop-signal)' -r
complete -c coracle -n "__fish_coracle_using_subcommand restart" -s t -l timeout -d 'Kill the program this long after it was asked to end; negative for never (default the container\'s --stop-timeout, else 10)' -r
complete -c coracle -n "__fish_coracle_using_subcommand restart" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand rm" -s f -l force -d 'Kill the container if it runs'
complete -c coracle -n "__fish_coracle_using_subcommand rm" -s v -l volumes -d 'Remove the container\'s anonymous volumes as well'
complete -c coracle -n "__fish_coracle_using_subcommand rm" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand rmi" -s f -l force -d 'Remove an image that has several names or that a stopped container uses'
complete -c coracle -n "__fish_coracle_using_subcommand rmi" -l no-prune -d 'Keep nothing of the image; nothing is ever kept'
complete -c coracle -n "__fish_coracle_using_subcommand rmi" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand run" -l detach-keys -d 'Choose the keys (default ctrl-p,ctrl-q) that leave the container running' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l sig-proxy -d 'Pass signals on to the program' -r -f -a "true\t''
false\t''"
complete -c coracle -n "__fish_coracle_using_subcommand run" -l name -d 'Give the container a name' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l pull -d 'Fetch the image: always, missing or never' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l platform -d 'Use the image for this platform, as in linux/arm64' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l cidfile -d 'Write the container\'s id to a file, which must not exist yet' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand run" -l pidfile -d 'Write the pid of the container\'s first process to a file' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand run" -s l -l label -d 'Set a label' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l label-file -d 'Read labels from a file of NAME=VALUE lines' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand run" -l annotation -d 'Add an annotation to the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -s a -l attach -d 'Attach to one of the program\'s streams' -r -f -a "stdin\t''
stdout\t''
stderr\t''"
complete -c coracle -n "__fish_coracle_using_subcommand run" -s e -l env -d 'Set an environment variable; without a value, the one it has here' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l env-file -d 'Read environment variables from a file of NAME=VALUE lines' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand run" -s w -l workdir -d 'Run in this directory of the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -s u -l user -d 'Run as this user of the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l group-add -d 'Add the user to a group' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l entrypoint -d 'Run this instead of the image\'s entrypoint; empty for none' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l umask -d 'Set the umask, in octal' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l stop-signal -d 'Ask the program to end with this signal (default the image\'s, else SIGTERM)' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l stop-timeout -d 'Kill the program this long after it was asked to end; negative for never (default 10)' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l timeout -d 'Kill the container after it has run this long' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l network -d 'Connect to a network: none (the default: loopback alone), host, container:NAME' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l userns -d 'Choose the user namespace: host (the one containers share), private, auto, keep-id' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l pid -d 'Choose the process namespace: private, host, container:NAME' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l ipc -d 'Choose the IPC namespace: private, host, container:NAME' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l uts -d 'Choose the host name\'s namespace: private, host, container:NAME' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l expose -d 'Note that a port is used' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -s v -l volume -d 'Mount a volume, or a file or directory of the host' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l mount -d 'Mount something: type=bind|volume|tmpfs,source=...,target=...' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l tmpfs -d 'Mount a file system in memory' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l shm-size -d 'Set the size of /dev/shm (default 64m)' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l device -d 'Give the container a device of the host' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l cap-add -d 'Add a capability' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l cap-drop -d 'Drop a capability' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l security-opt -d 'Set a security option: seccomp=FILE|unconfined, no-new-privileges, mask=PATH, unmask=PATH|ALL' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l sysctl -d 'Set a kernel parameter of the container\'s namespaces' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l ulimit -d 'Limit a resource' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l oom-score-adj -d 'Set how soon the kernel kills the program when memory runs out, from -1000 to 1000' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -s h -l hostname -d 'Set the host name' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l domainname -d 'Set the NIS domain name' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l add-host -d 'Add a line to /etc/hosts' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l dns -d 'Use a DNS server' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l dns-search -d 'Set a DNS search domain' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l dns-option -d 'Set a DNS resolver option' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -s d -l detach -d 'Run in the background and print the container\'s id'
complete -c coracle -n "__fish_coracle_using_subcommand run" -l replace -d 'Remove the container that has the name'
complete -c coracle -n "__fish_coracle_using_subcommand run" -l rm -d 'Remove the container and its anonymous volumes when it exits'
complete -c coracle -n "__fish_coracle_using_subcommand run" -l rootfs -d 'Take the argument for a directory that holds a root file system, not for an image'
complete -c coracle -n "__fish_coracle_using_subcommand run" -s i -l interactive -d 'Keep standard input open'
complete -c coracle -n "__fish_coracle_using_subcommand run" -s t -l tty -d 'Give the program a terminal'
complete -c coracle -n "__fish_coracle_using_subcommand run" -l init -d 'Run an init as process 1 that passes signals on and reaps zombies'
complete -c coracle -n "__fish_coracle_using_subcommand run" -l read-only -d 'Make the root file system read-only'
complete -c coracle -n "__fish_coracle_using_subcommand run" -l privileged -d 'Give the program every capability and hide nothing from it; it gets no rights that its caller has not'
complete -c coracle -n "__fish_coracle_using_subcommand run" -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand save" -l format -d 'Write in this format' -r -f -a "docker-archive\t'What docker load, podman load and skopeo read'
oci-archive\t'A tar archive of an OCI layout'
oci-dir\t'An OCI layout, in the directory that --output names'"
complete -c coracle -n "__fish_coracle_using_subcommand save" -s o -l output -d 'Write to FILE instead of the standard output' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand save" -l platform -d 'Save the image for this platform alone, as in linux/arm64' -r
complete -c coracle -n "__fish_coracle_using_subcommand save" -s q -l quiet -d 'Print no progress; there is none'
complete -c coracle -n "__fish_coracle_using_subcommand save" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand start" -l detach-keys -d 'Choose the keys (default ctrl-p,ctrl-q) that leave the container running' -r
complete -c coracle -n "__fish_coracle_using_subcommand start" -l sig-proxy -d 'Pass signals on to the program' -r -f -a "true\t''
false\t''"
complete -c coracle -n "__fish_coracle_using_subcommand start" -s a -l attach -d 'Attach to the program\'s output, and pass signals on'
complete -c coracle -n "__fish_coracle_using_subcommand start" -s i -l interactive -d 'Attach to the program\'s input as well'
complete -c coracle -n "__fish_coracle_using_subcommand start" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand stop" -s s -l signal -d 'Ask the program to end with this signal (default the container\'s --stop-signal)' -r
complete -c coracle -n "__fish_coracle_using_subcommand stop" -s t -l timeout -d 'Kill the program this long after it was asked to end; negative for never (default the container\'s --stop-timeout, else 10)' -r
complete -c coracle -n "__fish_coracle_using_subcommand stop" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand tag" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand untag" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand version" -s f -l format -d 'Print with a template, or as json' -r
complete -c coracle -n "__fish_coracle_using_subcommand version" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand wait" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from attach create exec inspect kill logs ls list ps prune restart rm remove run start stop wait" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from attach create exec inspect kill logs ls list ps prune restart rm remove run start stop wait" -f -a "attach" -d 'Attach to the streams of a running container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from attach create exec inspect kill logs ls list ps prune restart rm remove run start stop wait" -f -a "create" -d 'Create a container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from attach create exec inspect kill logs ls list ps prune restart rm remove run start stop wait" -f -a "exec" -d 'Run a program in a running container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from attach create exec inspect kill logs ls list ps prune restart rm remove run start stop wait" -f -a "inspect" -d 'Show all that is known of containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from attach create exec inspect kill logs ls list ps prune restart rm remove run start stop wait" -f -a "kill" -d 'Send a signal to containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from attach create exec inspect kill logs ls list ps prune restart rm remove run start stop wait" -f -a "logs" -d 'Show what a container\'s program wrote'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from attach create exec inspect kill logs ls list ps prune restart rm remove run start stop wait" -f -a "ls" -d 'List containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from attach create exec inspect kill logs ls list ps prune restart rm remove run start stop wait" -f -a "list" -d 'List containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from attach create exec inspect kill logs ls list ps prune restart rm remove run start stop wait" -f -a "ps" -d 'List containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from attach create exec inspect kill logs ls list ps prune restart rm remove run start stop wait" -f -a "prune" -d 'Remove the containers that do not run'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from attach create exec inspect kill logs ls list ps prune restart rm remove run start stop wait" -f -a "restart" -d 'Stop containers and start them again'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from attach create exec inspect kill logs ls list ps prune restart rm remove run start stop wait" -f -a "rm" -d 'Remove containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from attach create exec inspect kill logs ls list ps prune restart rm remove run start stop wait" -f -a "remove" -d 'Remove containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from attach create exec inspect kill logs ls list ps prune restart rm remove run start stop wait" -f -a "run" -d 'Create a container and run its program'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from attach create exec inspect kill logs ls list ps prune restart rm remove run start stop wait" -f -a "start" -d 'Start containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from attach create exec inspect kill logs ls list ps prune restart rm remove run start stop wait" -f -a "stop" -d 'Stop containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from attach create exec inspect kill logs ls list ps prune restart rm remove run start stop wait" -f -a "wait" -d 'Wait until containers stop, and print their exit codes'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from attach" -l detach-keys -d 'Choose the keys (default ctrl-p,ctrl-q) that leave the container running' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from attach" -l sig-proxy -d 'Pass signals on to the program, if it has no terminal' -r -f -a "true\t''
false\t''"
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from attach" -l no-stdin -d 'Do not attach standard input'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from attach" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l name -d 'Give the container a name' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l pull -d 'Fetch the image: always, missing or never' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l platform -d 'Use the image for this platform, as in linux/arm64' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l cidfile -d 'Write the container\'s id to a file, which must not exist yet' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l pidfile -d 'Write the pid of the container\'s first process to a file' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -s l -l label -d 'Set a label' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l label-file -d 'Read labels from a file of NAME=VALUE lines' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l annotation -d 'Add an annotation to the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -s a -l attach -d 'Attach to one of the program\'s streams' -r -f -a "stdin\t''
stdout\t''
stderr\t''"
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -s e -l env -d 'Set an environment variable; without a value, the one it has here' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l env-file -d 'Read environment variables from a file of NAME=VALUE lines' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -s w -l workdir -d 'Run in this directory of the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -s u -l user -d 'Run as this user of the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l group-add -d 'Add the user to a group' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l entrypoint -d 'Run this instead of the image\'s entrypoint; empty for none' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l umask -d 'Set the umask, in octal' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l stop-signal -d 'Ask the program to end with this signal (default the image\'s, else SIGTERM)' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l stop-timeout -d 'Kill the program this long after it was asked to end; negative for never (default 10)' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l timeout -d 'Kill the container after it has run this long' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l network -d 'Connect to a network: none (the default: loopback alone), host, container:NAME' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l userns -d 'Choose the user namespace: host (the one containers share), private, auto, keep-id' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l pid -d 'Choose the process namespace: private, host, container:NAME' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l ipc -d 'Choose the IPC namespace: private, host, container:NAME' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l uts -d 'Choose the host name\'s namespace: private, host, container:NAME' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l expose -d 'Note that a port is used' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -s v -l volume -d 'Mount a volume, or a file or directory of the host' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l mount -d 'Mount something: type=bind|volume|tmpfs,source=...,target=...' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l tmpfs -d 'Mount a file system in memory' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l shm-size -d 'Set the size of /dev/shm (default 64m)' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l device -d 'Give the container a device of the host' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l cap-add -d 'Add a capability' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l cap-drop -d 'Drop a capability' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l security-opt -d 'Set a security option: seccomp=FILE|unconfined, no-new-privileges, mask=PATH, unmask=PATH|ALL' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l sysctl -d 'Set a kernel parameter of the container\'s namespaces' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l ulimit -d 'Limit a resource' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l oom-score-adj -d 'Set how soon the kernel kills the program when memory runs out, from -1000 to 1000' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -s h -l hostname -d 'Set the host name' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l domainname -d 'Set the NIS domain name' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l add-host -d 'Add a line to /etc/hosts' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l dns -d 'Use a DNS server' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l dns-search -d 'Set a DNS search domain' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l dns-option -d 'Set a DNS resolver option' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l replace -d 'Remove the container that has the name'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l rm -d 'Remove the container and its anonymous volumes when it exits'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l rootfs -d 'Take the argument for a directory that holds a root file system, not for an image'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -s i -l interactive -d 'Keep standard input open'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -s t -l tty -d 'Give the program a terminal'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l init -d 'Run an init as process 1 that passes signals on and reaps zombies'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l read-only -d 'Make the root file system read-only'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l privileged -d 'Give the program every capability and hide nothing from it; it gets no rights that its caller has not'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from exec" -l detach-keys -d 'Choose the keys (default ctrl-p,ctrl-q) that leave the program running' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from exec" -s e -l env -d 'Set an environment variable; without a value, the one it has here' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from exec" -l env-file -d 'Read environment variables from a file of NAME=VALUE lines' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from exec" -s w -l workdir -d 'Run in this directory of the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from exec" -s u -l user -d 'Run as this user of the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from exec" -s d -l detach -d 'Run in the background'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from exec" -s i -l interactive -d 'Keep standard input open'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from exec" -s t -l tty -d 'Give the program a terminal'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from exec" -l privileged -d 'Give the program every capability that the container\'s user namespace has'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from exec" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from inspect" -s f -l format -d 'Print with a template, or as json' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from inspect" -s s -l size -d 'Measure the containers\' files as well'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from inspect" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from kill" -s s -l signal -d 'Send this signal' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from kill" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from logs" -s n -l tail -d 'Show this many of the last lines only' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from logs" -l since -d 'Show what was written since a time (2026-01-02T15:04:05Z, 1767366245) or a while ago (10m)' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from logs" -l until -d 'Show what was written before a time (2026-01-02T15:04:05Z, 1767366245) or a while ago (10m)' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from logs" -s f -l follow -d 'Go on until the container stops'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from logs" -s t -l timestamps -d 'Show when each line was written'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from logs" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ls" -s f -l filter -d 'Show containers that match: id, name, label, status, exited, ancestor, before, since, volume, network, health, expose, publish' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ls" -l format -d 'Print with a template, or as json' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ls" -s n -l last -d 'Show the newest containers, running or not' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ls" -s a -l all -d 'Show containers that do not run, too'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ls" -s l -l latest -d 'Show the newest container, running or not'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ls" -l no-trunc -d 'Show whole ids and commands'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Show ids alone'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ls" -s s -l size -d 'Show the size of the containers\' files'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from list" -s f -l filter -d 'Show containers that match: id, name, label, status, exited, ancestor, before, since, volume, network, health, expose, publish' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from list" -l format -d 'Print with a template, or as json' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from list" -s n -l last -d 'Show the newest containers, running or not' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from list" -s a -l all -d 'Show containers that do not run, too'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from list" -s l -l latest -d 'Show the newest container, running or not'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from list" -l no-trunc -d 'Show whole ids and commands'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Show ids alone'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from list" -s s -l size -d 'Show the size of the containers\' files'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from list" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ps" -s f -l filter -d 'Show containers that match: id, name, label, status, exited, ancestor, before, since, volume, network, health, expose, publish' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ps" -l format -d 'Print with a template, or as json' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ps" -s n -l last -d 'Show the newest containers, running or not' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ps" -s a -l all -d 'Show containers that do not run, too'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ps" -s l -l latest -d 'Show the newest container, running or not'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ps" -l no-trunc -d 'Show whole ids and commands'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ps" -s q -l quiet -d 'Show ids alone'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ps" -s s -l size -d 'Show the size of the containers\' files'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ps" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from prune" -l filter -d 'Remove containers that match: label=NAME[=VALUE], until=TIME' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from prune" -s f -l force -d 'Ask nothing'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from restart" -s s -l signal -d 'Ask the program to end with this signal (default the container\'s --stop-signal)' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from restart" -s t -l timeout -d 'Kill the program this long after it was asked to end; negative for never (default the container\'s --stop-timeout, else 10)' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from restart" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from rm" -s f -l force -d 'Kill the container if it runs'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from rm" -s v -l volumes -d 'Remove the container\'s anonymous volumes as well'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from remove" -s f -l force -d 'Kill the container if it runs'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from remove" -s v -l volumes -d 'Remove the container\'s anonymous volumes as well'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l detach-keys -d 'Choose the keys (default ctrl-p,ctrl-q) that leave the container running' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l sig-proxy -d 'Pass signals on to the program' -r -f -a "true\t''
false\t''"
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l name -d 'Give the container a name' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l pull -d 'Fetch the image: always, missing or never' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l platform -d 'Use the image for this platform, as in linux/arm64' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l cidfile -d 'Write the container\'s id to a file, which must not exist yet' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l pidfile -d 'Write the pid of the container\'s first process to a file' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -s l -l label -d 'Set a label' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l label-file -d 'Read labels from a file of NAME=VALUE lines' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l annotation -d 'Add an annotation to the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -s a -l attach -d 'Attach to one of the program\'s streams' -r -f -a "stdin\t''
stdout\t''
stderr\t''"
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -s e -l env -d 'Set an environment variable; without a value, the one it has here' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l env-file -d 'Read environment variables from a file of NAME=VALUE lines' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -s w -l workdir -d 'Run in this directory of the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -s u -l user -d 'Run as this user of the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l group-add -d 'Add the user to a group' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l entrypoint -d 'Run this instead of the image\'s entrypoint; empty for none' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l umask -d 'Set the umask, in octal' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l stop-signal -d 'Ask the program to end with this signal (default the image\'s, else SIGTERM)' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l stop-timeout -d 'Kill the program this long after it was asked to end; negative for never (default 10)' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l timeout -d 'Kill the container after it has run this long' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l network -d 'Connect to a network: none (the default: loopback alone), host, container:NAME' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l userns -d 'Choose the user namespace: host (the one containers share), private, auto, keep-id' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l pid -d 'Choose the process namespace: private, host, container:NAME' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l ipc -d 'Choose the IPC namespace: private, host, container:NAME' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l uts -d 'Choose the host name\'s namespace: private, host, container:NAME' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l expose -d 'Note that a port is used' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -s v -l volume -d 'Mount a volume, or a file or directory of the host' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l mount -d 'Mount something: type=bind|volume|tmpfs,source=...,target=...' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l tmpfs -d 'Mount a file system in memory' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l shm-size -d 'Set the size of /dev/shm (default 64m)' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l device -d 'Give the container a device of the host' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l cap-add -d 'Add a capability' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l cap-drop -d 'Drop a capability' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l security-opt -d 'Set a security option: seccomp=FILE|unconfined, no-new-privileges, mask=PATH, unmask=PATH|ALL' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l sysctl -d 'Set a kernel parameter of the container\'s namespaces' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l ulimit -d 'Limit a resource' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l oom-score-adj -d 'Set how soon the kernel kills the program when memory runs out, from -1000 to 1000' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -s h -l hostname -d 'Set the host name' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l domainname -d 'Set the NIS domain name' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l add-host -d 'Add a line to /etc/hosts' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l dns -d 'Use a DNS server' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l dns-search -d 'Set a DNS search domain' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l dns-option -d 'Set a DNS resolver option' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -s d -l detach -d 'Run in the background and print the container\'s id'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l replace -d 'Remove the container that has the name'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l rm -d 'Remove the container and its anonymous volumes when it exits'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l rootfs -d 'Take the argument for a directory that holds a root file system, not for an image'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -s i -l interactive -d 'Keep standard input open'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -s t -l tty -d 'Give the program a terminal'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l init -d 'Run an init as process 1 that passes signals on and reaps zombies'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l read-only -d 'Make the root file system read-only'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l privileged -d 'Give the program every capability and hide nothing from it; it gets no rights that its caller has not'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from start" -l detach-keys -d 'Choose the keys (default ctrl-p,ctrl-q) that leave the container running' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from start" -l sig-proxy -d 'Pass signals on to the program' -r -f -a "true\t''
false\t''"
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from start" -s a -l attach -d 'Attach to the program\'s output, and pass signals on'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from start" -s i -l interactive -d 'Attach to the program\'s input as well'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from start" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from stop" -s s -l signal -d 'Ask the program to end with this signal (default the container\'s --stop-signal)' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from stop" -s t -l timeout -d 'Kill the program this long after it was asked to end; negative for never (default the container\'s --stop-timeout, else 10)' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from wait" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from exists history import inspect load ls list prune pull rm remove save tag untag" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from exists history import inspect load ls list prune pull rm remove save tag untag" -f -a "exists" -d 'Say by the exit status whether there is an image'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from exists history import inspect load ls list prune pull rm remove save tag untag" -f -a "history" -d 'Show the steps that made an image'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from exists history import inspect load ls list prune pull rm remove save tag untag" -f -a "import" -d 'Make an image of a root file system\'s tarball'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from exists history import inspect load ls list prune pull rm remove save tag untag" -f -a "inspect" -d 'Show all about images'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from exists history import inspect load ls list prune pull rm remove save tag untag" -f -a "load" -d 'Load images from an archive'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from exists history import inspect load ls list prune pull rm remove save tag untag" -f -a "ls" -d 'List images'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from exists history import inspect load ls list prune pull rm remove save tag untag" -f -a "list" -d 'List images'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from exists history import inspect load ls list prune pull rm remove save tag untag" -f -a "prune" -d 'Remove unused images'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from exists history import inspect load ls list prune pull rm remove save tag untag" -f -a "pull" -d 'Take an image from an OCI layout or an archive'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from exists history import inspect load ls list prune pull rm remove save tag untag" -f -a "rm" -d 'Remove images'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from exists history import inspect load ls list prune pull rm remove save tag untag" -f -a "remove" -d 'Remove images'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from exists history import inspect load ls list prune pull rm remove save tag untag" -f -a "save" -d 'Save images to an archive'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from exists history import inspect load ls list prune pull rm remove save tag untag" -f -a "tag" -d 'Give an image a further name'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from exists history import inspect load ls list prune pull rm remove save tag untag" -f -a "untag" -d 'Take names from an image'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from exists" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from history" -l format -d 'Print with a template, or as json' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from history" -s H -l human -d 'Print sizes and times for people, or (--human=false) bytes and dates' -r -f -a "true\t''
false\t''"
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from history" -l no-trunc -d 'Show whole ids and commands'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from history" -s q -l quiet -d 'Show ids alone'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from history" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from import" -s c -l change -d 'Apply a Dockerfile instruction to the image\'s config: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from import" -s m -l message -d 'Set the comment of the image\'s history' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from import" -l platform -d 'Say what platform the image is for, as in linux/arm64' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from import" -s q -l quiet -d 'Print no progress, only the id'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from import" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from inspect" -s f -l format -d 'Print with a template, or as json' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from inspect" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from load" -s i -l input -d 'Read from the archive FILE instead of the standard input' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from load" -l platform -d 'Load the image for this platform alone, as in linux/arm64' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from load" -s q -l quiet -d 'Print no progress, only the names'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from load" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from ls" -s f -l filter -d 'Show images that match: before, dangling, label, reference, since, until' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from ls" -l format -d 'Print with a template, or as json' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from ls" -s a -l all -d 'Show all images; there are no hidden ones'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from ls" -l digests -d 'Show the digests of manifests'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from ls" -l no-trunc -d 'Show whole ids'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Show ids alone'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from list" -s f -l filter -d 'Show images that match: before, dangling, label, reference, since, until' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from list" -l format -d 'Print with a template, or as json' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from list" -s a -l all -d 'Show all images; there are no hidden ones'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from list" -l digests -d 'Show the digests of manifests'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from list" -l no-trunc -d 'Show whole ids'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Show ids alone'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from list" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from prune" -l filter -d 'Remove images that match: label=NAME[=VALUE], until=TIME' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from prune" -s a -l all -d 'Remove all images that no container uses, not only those without a name'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from prune" -s f -l force -d 'Ask nothing'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from pull" -l platform -d 'Take the image for this platform alone, as in linux/arm64' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from pull" -s q -l quiet -d 'Print nothing but the image\'s name'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from pull" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from rm" -s f -l force -d 'Remove an image that has several names or that a stopped container uses'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from rm" -l no-prune -d 'Keep nothing of the image; nothing is ever kept'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from remove" -s f -l force -d 'Remove an image that has several names or that a stopped container uses'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from remove" -l no-prune -d 'Keep nothing of the image; nothing is ever kept'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from save" -l format -d 'Write in this format' -r -f -a "docker-archive\t'What docker load, podman load and skopeo read'
oci-archive\t'A tar archive of an OCI layout'
oci-dir\t'An OCI layout, in the directory that --output names'"
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from save" -s o -l output -d 'Write to FILE instead of the standard output' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from save" -l platform -d 'Save the image for this platform alone, as in linux/arm64' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from save" -s q -l quiet -d 'Print no progress; there is none'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from save" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from tag" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from untag" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and not __fish_seen_subcommand_from create inspect ls list prune rm remove" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and not __fish_seen_subcommand_from create inspect ls list prune rm remove" -f -a "create" -d 'Create a volume'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and not __fish_seen_subcommand_from create inspect ls list prune rm remove" -f -a "inspect" -d 'Show all that is known of volumes'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and not __fish_seen_subcommand_from create inspect ls list prune rm remove" -f -a "ls" -d 'List volumes'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and not __fish_seen_subcommand_from create inspect ls list prune rm remove" -f -a "list" -d 'List volumes'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and not __fish_seen_subcommand_from create inspect ls list prune rm remove" -f -a "prune" -d 'Remove the volumes that no container uses'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and not __fish_seen_subcommand_from create inspect ls list prune rm remove" -f -a "rm" -d 'Remove volumes'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and not __fish_seen_subcommand_from create inspect ls list prune rm remove" -f -a "remove" -d 'Remove volumes'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from create" -s d -l driver -d 'Choose the volume\'s driver; there is one' -r
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from create" -s l -l label -d 'Set a label' -r
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from create" -l label-file -d 'Read labels from a file of NAME=VALUE lines' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from create" -s o -l opt -d 'Set an option of the driver: type=none, o=bind and device=DIR bind a directory' -r
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from create" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from inspect" -s f -l format -d 'Print with a template, or as json' -r
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from inspect" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from ls" -s f -l filter -d 'Show volumes that match: dangling, driver, label, name' -r
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from ls" -l format -d 'Print with a template, or as json' -r
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Show names alone'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from list" -s f -l filter -d 'Show volumes that match: dangling, driver, label, name' -r
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from list" -l format -d 'Print with a template, or as json' -r
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Show names alone'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from list" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from prune" -l filter -d 'Remove volumes that match: label=NAME[=VALUE]' -r
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from prune" -s a -l all -d 'Remove named volumes, too'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from prune" -s f -l force -d 'Ask nothing'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from rm" -s f -l force -d 'Forgive volumes that are not there'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from remove" -s f -l force -d 'Forgive volumes that are not there'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand system; and not __fish_seen_subcommand_from df info prune" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand system; and not __fish_seen_subcommand_from df info prune" -f -a "df" -d 'Show what the store takes on the disk'
complete -c coracle -n "__fish_coracle_using_subcommand system; and not __fish_seen_subcommand_from df info prune" -f -a "info" -d 'Show what is in the store, and what the host offers'
complete -c coracle -n "__fish_coracle_using_subcommand system; and not __fish_seen_subcommand_from df info prune" -f -a "prune" -d 'Remove everything that is not in use'
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from df" -l format -d 'Print with a template, or as json' -r
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from df" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from info" -s f -l format -d 'Print with a template, or as json' -r
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from info" -s h -l help -d 'Print usage'
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from prune" -l filter -d 'Remove what matches: label=NAME[=VALUE], until=TIME' -r
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from prune" -s a -l all -d 'Remove all images that no container uses, not only those without a name'
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from prune" -s f -l force -d 'Ask nothing'
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from prune" -l volumes -d 'Remove all volumes that no container uses'
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print usage'
