//! The memory of a process that is about to wait for a long time. malloc_trim(3), madvise(2), proc_pid_smaps(5).

use std::fs;

/// Gives back what was needed once: free heap, and the pages of the program's own text, which come from the page cache
/// again when they are run. One monitor that waits keeps some hundred KiB instead of the megabytes that the command
/// before it went through.
pub fn release() {
    // SAFETY: frees no memory that is in use.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0);
    }
    let smaps = fs::read_to_string("/proc/self/smaps").unwrap_or_default();
    for (start, end) in unchanged_text(&smaps) {
        // SAFETY: the mapping is of a file, private and without any page of its own (it cannot be written to, and has
        // no anonymous memory): each page that is dropped is read from the file again.
        unsafe {
            libc::madvise(start as *mut libc::c_void, end - start, libc::MADV_DONTNEED);
        }
    }
}

/// The mappings of files that are not writable and hold nothing that is not in the file. Relocated constants look alike
/// but have been written to.
fn unchanged_text(smaps: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut current = None;
    for line in smaps.lines() {
        match line.split_once(':') {
            Some(("Anonymous", size)) if size.trim() != "0 kB" => current = None,
            // The last line of a mapping.
            Some(("VmFlags", _)) => found.extend(current.take()),
            Some((name, _)) if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') => {}
            _ => current = text_mapping(line),
        }
    }
    found
}

/// Reads `7f00-7f10 r-xp 00001000 fe:00 4711   /usr/bin/coracle`.
fn text_mapping(line: &str) -> Option<(usize, usize)> {
    let mut fields = line.split_ascii_whitespace();
    let (start, end) = fields.next()?.split_once('-')?;
    let is_text = matches!(fields.next()?, "r-xp" | "r--p") && fields.nth(3)?.starts_with('/');
    let number = |text| usize::from_str_radix(text, 16).ok();
    is_text.then_some((number(start)?, number(end)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMAPS: &str = "\
1000-3000 r--p 00000000 fe:00 4711   /bin/coracle
Anonymous:             0 kB
VmFlags: rd mr mw me
3000-8000 r-xp 00002000 fe:00 4711   /bin/coracle (deleted)
Private_Dirty:        16 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me
8000-9000 r--p 00007000 fe:00 4711   /bin/coracle
Anonymous:             4 kB
VmFlags: rd mr mw me
9000-a000 rw-p 00008000 fe:00 4711   /bin/coracle
Anonymous:             0 kB
VmFlags: rd wr mr mw me
a000-b000 r-xp 00000000 00:00 0      [vdso]
Anonymous:             0 kB
VmFlags: rd ex mr mw me de
b000-c000 r--p 00000000 00:00 0
Anonymous:             0 kB
VmFlags: rd mr mw me
";

    #[test]
    fn only_what_is_in_the_file_is_dropped() {
        assert_eq!(unchanged_text(SMAPS), [(0x1000, 0x3000), (0x3000, 0x8000)]);
    }

    #[test]
    fn a_process_goes_on_after_its_release() {
        let kept: Vec<String> = (0..1000).map(|number| format!("{number}")).collect();
        release();
        assert_eq!(kept.concat().len(), 10 + 180 + 2700);
    }
}
