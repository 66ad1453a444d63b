//! Names for containers that were given none: an adjective and something found on or by the water.

/// Qualities, one word each.
const ADJECTIVES: [&str; 64] = [
    "amber",
    "ample",
    "artful",
    "balmy",
    "breezy",
    "bright",
    "brisk",
    "buoyant",
    "calm",
    "candid",
    "cheery",
    "clear",
    "coastal",
    "cosy",
    "crisp",
    "daring",
    "dapper",
    "deep",
    "drifting",
    "eager",
    "early",
    "easy",
    "fair",
    "fearless",
    "floating",
    "fond",
    "frosty",
    "gentle",
    "glad",
    "golden",
    "hardy",
    "hasty",
    "humble",
    "idle",
    "jolly",
    "keen",
    "lively",
    "lucky",
    "mellow",
    "merry",
    "mild",
    "misty",
    "modest",
    "nimble",
    "patient",
    "placid",
    "plucky",
    "quiet",
    "ready",
    "rowing",
    "salty",
    "serene",
    "silver",
    "sleepy",
    "snug",
    "steady",
    "sunny",
    "swift",
    "tidal",
    "trusty",
    "wandering",
    "windy",
    "witty",
    "zesty",
];

/// Things afloat, ashore and in between.
const NOUNS: [&str; 64] = [
    "anchor",
    "bay",
    "beacon",
    "bittern",
    "bosun",
    "breaker",
    "brook",
    "bulrush",
    "buoy",
    "canoe",
    "capstan",
    "clam",
    "coot",
    "cove",
    "crab",
    "curlew",
    "cutter",
    "delta",
    "dinghy",
    "dolphin",
    "dory",
    "eddy",
    "eel",
    "egret",
    "estuary",
    "ferry",
    "fjord",
    "gannet",
    "grebe",
    "gull",
    "harbour",
    "heron",
    "island",
    "jetty",
    "kelp",
    "ketch",
    "lagoon",
    "lantern",
    "mackerel",
    "mallard",
    "marsh",
    "minnow",
    "mussel",
    "oar",
    "osprey",
    "otter",
    "paddle",
    "pebble",
    "pelican",
    "perch",
    "pier",
    "plover",
    "puffin",
    "quay",
    "raft",
    "reed",
    "salmon",
    "sandpiper",
    "skiff",
    "sloop",
    "teal",
    "tern",
    "trout",
    "willow",
];

/// The name that some random bytes choose. After the first attempts a number makes it one that nobody has.
pub fn random(bytes: [u8; 4], attempt: u32) -> String {
    let pick = |byte: u8| usize::from(byte) % 64;
    let name = format!("{}_{}", ADJECTIVES[pick(bytes[0])], NOUNS[pick(bytes[1])]);
    match attempt {
        0..4 => name,
        _ => format!("{name}{}", u16::from_ne_bytes([bytes[2], bytes[3]])),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::base::id::check_name;

    #[test]
    fn every_word_is_there_once_and_makes_a_valid_name() {
        for words in [ADJECTIVES, NOUNS] {
            assert_eq!(words.iter().collect::<BTreeSet<_>>().len(), words.len());
        }
        for byte in 0..=255 {
            assert_eq!(check_name(&random([byte, byte, 0, 0], 0)), Ok(()));
        }
        assert_eq!(random([0, 0, 1, 0], 4), "amber_anchor1");
    }
}
