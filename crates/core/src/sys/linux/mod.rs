//! Linux: pidfds, F_GETLK's name tag, `/proc`, vfork-like clones, epoll.

mod auxv;
mod child;
mod clone;
mod exit;
mod file;
mod notify_socket;
mod pidfd;
mod proc_files;
mod proc_texts;
mod process;
mod raw;
mod rights;
mod select;
mod signal_watch;
mod socket;
mod trusted_path;
mod watch;

/// The calls that clone children, duplicate a descriptor and set a limit, by their names.
pub(crate) const CLONE: &str = "clone";
pub(crate) const DUPLICATE: &str = "dup3";
pub(crate) const SET_LIMIT: &str = "prlimit";

pub(crate) use child::*;
pub(crate) use clone::{Stack, collect, ended_child, is_uncollected, reap, run_apart, spawn_child};
pub(crate) use exit::at_quick_end;
pub(crate) use file::{
    FOLDER_FLAGS, HAS_NAME_TAG, NEW_SOCKET, NO_SIGPIPE, capture_file, channel_pair, error_pipe, file_system,
    finish_socket, free_range, is_detached, is_displaced, is_written, mark_attached, mark_displaced,
    mark_leaving, mark_listening, mark_ready, name_tag,
};
pub(crate) use notify_socket::{notify_socket, receive_from_user};
pub(crate) use pidfd::has_ended_by;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use proc_texts::check_proc_texts;
pub(crate) use process::{
    ProcessHandle, group_members, has_children, hidden_by, holds_lock, is_main_thread, openers, raw_stats,
    user_ids,
};
pub(crate) use rights::{
    LIMITS, Resource, Right, group_ids_of_self, groups_of, highest_limit, limit_of, lowest_nice, may,
    oom_score_adj, set_ids, set_nice_everywhere, set_oom_score_adj, set_oom_score_adj_of,
    thread_with_other_ids, user_ids_of_self,
};
pub(crate) use select::{Armed, Selector};
pub(crate) use signal_watch::SignalWatch;
pub(crate) use socket::{
    abstract_address, accept_from, bind_with_mode, connect_to, listen_with, path_of_open, peer_of,
    stream_socket, widen,
};
pub(crate) use trusted_path::{is_proc, look_at_part, overflow_user};
pub(crate) use watch::{FileWatch, is_shared_by_machines};
