/**
 * The tests of the core that run under miri: those that read bytes or write them. The others make system calls that
 * miri does not have.
 */
export const MIRI_TESTS = [
  'handover::backlog::tests::no_more_than_so_many_wait_at_once',
  'handover::decoder::tests::frames_arrive_whole_however_they_are_cut',
  'handover::decoder::tests::no_kind_may_promise_more_than_its_longest',
  'handover::invariants::tests::a_frame_comes_back_as_it_was_sent_whatever_the_pieces',
  'handover::invariants::tests::a_value_of_the_variable_comes_back_as_it_was_written',
  'handover::invariants::tests::bytes_give_the_same_frames_however_they_are_cut',
  'handover::invariants::tests::no_other_value_of_the_variable_is_believed',
  'handover::variable::tests::what_a_launcher_writes_its_daemon_reads',
  'handover::variable::tests::what_no_launcher_writes_is_not_believed',
  'launch::steps::tests::the_launcher_tells_a_failed_step_as_the_child_has_written_it',
  'pidfile::text::tests::of_all_bytes_a_pid_is_what_writes_them_and_nothing_that_says_something_is_cleared',
  'pidfile::text::tests::only_a_whole_line_is_a_pid',
  'pidfile::text::tests::only_short_digits_blanks_and_nuls_may_be_cleared',
  'shown::tests::a_text_of_others_is_one_short_line',
  'sys::linux::proc_texts::tests::a_mount_whose_path_is_no_utf_8_hides_nothing_of_the_others',
  'sys::linux::proc_texts::tests::a_stat_is_read_whatever_the_process_is_called',
  'sys::linux::proc_texts::tests::counts_beyond_all_measure_are_counts_all_the_same',
  'sys::linux::proc_texts::tests::hidepid_is_seen_on_the_last_mount_of_proc',
  'sys::linux::proc_texts::tests::whatever_proc_has_is_read_without_a_panic_and_by_its_lines',
]
