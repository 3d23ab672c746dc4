//! Each mutant is found, by the property that its rule is for.
#![cfg(test)]

use daimon_model::{Expected, Property, Rule, mutants};

/// Searches the mutant of a rule, which must break the property.
fn breaks(rule: Rule, property: Property) {
    let mutant = mutants().into_iter().find(|mutant| mutant.rule == rule).unwrap();
    assert_eq!(mutant.expected, Expected::Breaks(property));
    let found = mutant.check();
    assert!(mutant.is_as_expected(&found), "{}: {} states, nothing found", mutant.instead, found.states);
}

macro_rules! mutants {
    ($($name:ident: $rule:ident $property:ident;)*) => {
        $(#[test]
        fn $name() {
            breaks(Rule::$rule, Property::$property);
        })*

        const TESTED: &[Rule] = &[$(Rule::$rule),*];
    };
}

mutants! {
    a_start_that_does_not_compare_path_and_file_under_the_lock_is_a_second_holder: NamesAfterExclusive OneHolder;
    a_start_that_ignores_text_under_the_lock_holds_a_file_with_a_dead_pid: EmptyAfterExclusive NoDeadText;
    with_the_exclusive_lock_first_a_launcher_is_signalled_for_a_dead_daemon: SharedFirst RightTarget;
    text_that_is_cleared_without_a_lock_may_be_a_daemons: ClearUnderLock PidfileStays;
    a_start_that_does_not_wait_for_a_starting_one_names_a_daemon_that_was_never_ready:
        WaitForStarting RunningIsReady;
    a_start_that_looks_once_waits_for_a_stranger: SecondLookWhenHeld EveryCallEnds;
    with_text_before_the_tag_a_daemon_without_handlers_is_signalled: TagBeforeText NoDeafTarget;
    a_descriptor_that_exec_closes_takes_the_tag_off: CloseBeforeTag TagStays;
    a_daemon_that_opens_its_own_pidfile_takes_its_tag_off: OwnFileUnopened TagStays;
    a_launcher_that_unlocks_frees_the_daemons_lock: OnlyCloseUnlocks OneHolder;
    a_launcher_that_keeps_its_copy_keeps_the_next_start_waiting: LauncherCloses EveryCallEnds;
    with_the_word_before_the_mark_a_reported_daemon_looks_as_if_it_were_starting: MarkBeforeWord StartedIsReady;
    a_daemon_that_outlives_its_launcher_keeps_the_next_start_waiting: WatchLauncher EveryCallEnds;
    a_failed_start_that_removes_nothing_leaves_a_pidfile: FailedStartRemoves NothingLeft;
    a_daemon_that_unlinks_without_a_look_removes_another_pidfile: LookBeforeUnlink OwnUnlink;
    a_daemon_that_unlinks_after_it_has_unlocked_removes_a_successors_pidfile: UnlinkUnderLock OwnUnlink;
    a_signal_after_one_look_reaches_a_stranger: SecondLook RightTarget;
    a_signal_by_number_reaches_a_stranger: Pidfd RightTarget;
    a_signal_that_is_not_held_back_reaches_a_daemon_without_handlers: HoldBackFromDeaf NoDeafTarget;
    a_look_that_believes_the_text_gives_a_stranger_the_signal: LockDecides RightTarget;
    a_look_that_locks_exclusively_looks_like_a_holder: ProbeShares HeldIsTrue;
    a_look_that_does_not_ask_again_calls_a_removed_pidfile_stale: StaleUnderLock StaleIsTrue;
    a_phase_that_is_asked_for_apart_makes_a_dead_daemon_ready: PhaseWithTag RunningIsReady;
    a_tag_that_is_not_asked_for_again_makes_a_starting_daemon_ready: TagAfterText RunningIsReady;
    a_stop_that_does_not_wait_returns_while_its_daemon_lives: StopWaitsForEnd StopIsOver;
    a_stop_that_does_not_wait_for_the_lock_returns_while_it_is_held: StopWaitsForLock StopIsOver;
    a_stop_that_compares_numbers_waits_for_a_successor: SuccessorByHandle EveryCallEnds;
    a_stop_that_removes_nothing_leaves_the_pidfile_of_a_killed_daemon: StopRemoves NothingLeft;
    a_removal_without_the_lock_removes_a_successors_pidfile: RemoveUnderLock OwnUnlink;
}

#[test]
fn each_mutant_that_must_be_found_has_a_test() {
    let must_be_found = |expected| matches!(expected, Expected::Breaks(_));
    let missing: Vec<_> = mutants()
        .into_iter()
        .filter(|mutant| must_be_found(mutant.expected) && !TESTED.contains(&mutant.rule))
        .map(|mutant| mutant.rule)
        .collect();
    assert_eq!(missing, []);
}
