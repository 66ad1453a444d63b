use super::*;

#[test]
fn the_tree_is_what_clap_accepts() {
    help::tree().debug_assert();
}
