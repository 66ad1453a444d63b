//! Mounts. mount(2), fsopen(2), open_tree(2), mount_setattr(2).
