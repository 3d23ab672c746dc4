//! `confine CALL=ERRNO… -- COMMAND…`: executes a command for which each of these system calls fails with that error
//! number. For tests of what happens then; it is no sandbox. `confine --list` tells which calls it knows.
//!
//! Exits with 125 if it cannot, and with the command's code otherwise.

#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
mod filter;

#[cfg(target_os = "linux")]
fn confine(args: &[std::ffi::OsString]) -> Result<std::convert::Infallible, String> {
    use std::os::unix::process::CommandExt;

    let usage = "usage: confine CALL=ERRNO… -- COMMAND…";
    let end = args.iter().position(|arg| arg == "--").ok_or(usage)?;
    let (rules, command) = (&args[..end], &args[end + 1..]);
    let rules: Result<Vec<_>, _> = rules.iter().map(|rule| calls::rule(&rule.to_string_lossy())).collect();
    let (program, args) = command.split_first().ok_or(usage)?;
    filter::install(&rules?).map_err(|error| format!("seccomp: {error}"))?;
    Err(format!("{}: {}", program.display(), std::process::Command::new(program).args(args).exec()))
}

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    use std::io::Write;
    use std::process::ExitCode;

    let args: Vec<_> = std::env::args_os().skip(1).collect();
    if args == ["--list"] {
        let names = calls::names().map(|name| format!("{name}\n")).collect::<String>();
        return std::io::stdout()
            .write_all(names.as_bytes())
            .map_or(ExitCode::from(125), |()| ExitCode::SUCCESS);
    }
    let Err(problem) = confine(&args);
    let _ = writeln!(std::io::stderr(), "confine: {problem}");
    ExitCode::from(125)
}

/// Other systems have no seccomp.
#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    std::process::ExitCode::from(125)
}
