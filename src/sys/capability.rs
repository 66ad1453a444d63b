//! A thread's capability sets. capset(2), prctl(2).

use rustix::{
    io::Errno,
    thread::{
        CapabilitySet, CapabilitySets, capability_is_in_bounding_set, clear_ambient_capability_set,
        remove_capability_from_bounding_set, set_capabilities,
    },
};

use super::error::{During, SyscallError};

/// Says whether the running kernel knows the capability with this number.
pub fn exists(number: u32) -> bool {
    capability_is_in_bounding_set(one(number)).is_ok()
}

/// Drops every capability whose bit is not in `keep` from the bounding set, newer ones than we know included.
pub fn drop_bounding(keep: u64) -> Result<(), SyscallError> {
    for number in (0..u64::BITS).filter(|number| keep >> number & 1 == 0) {
        match remove_capability_from_bounding_set(one(number)) {
            Ok(()) => {}
            // The kernel has no capability with this number, so none with a greater one.
            Err(Errno::INVAL) => break,
            Err(errno) => return Err(SyscallError::new(format!("prctl(PR_CAPBSET_DROP, {number})"), errno)),
        }
    }
    Ok(())
}

/// Makes `held` effective and permitted, and nothing inheritable or ambient.
pub fn set(held: u64) -> Result<(), SyscallError> {
    clear_ambient_capability_set().during(|| "prctl(PR_CAP_AMBIENT_CLEAR_ALL)")?;
    let held = CapabilitySet::from_bits_retain(held);
    let sets = CapabilitySets { effective: held, permitted: held, inheritable: CapabilitySet::empty() };
    set_capabilities(None, sets).during(|| format!("capset({:#x})", held.bits()))
}

fn one(number: u32) -> CapabilitySet {
    CapabilitySet::from_bits_retain(1 << number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_knows_some_capabilities_and_not_others() {
        assert!(exists(0) && exists(37), "CHOWN and AUDIT_READ are older than any kernel that runs this");
        assert!(!exists(63));
    }
}
