//! Prints the report of the model: `cargo run --release -p daimon-model -- [--deep] [--json FILE]`. It ends with code
//! 1 if the protocol breaks a property, or a mutant does not do what is expected of it.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

use daimon_model::Report;

fn main() -> io::Result<ExitCode> {
    let Some((is_deep, json)) = options(std::env::args_os().skip(1)) else {
        writeln!(io::stderr(), "usage: daimon-model [--deep] [--json FILE]")?;
        return Ok(ExitCode::from(2));
    };
    let begun = Instant::now();
    let report = Report::make(is_deep, |search, states| {
        let seconds = begun.elapsed().as_secs();
        // Ignore a failure: this tells the progress alone.
        let _ = writeln!(io::stderr(), "{seconds:>4} s  {states:>9} states  {search}");
    });
    writeln!(io::stdout(), "{report}")?;
    if let Some(file) = json {
        std::fs::write(file, report.json() + "\n")?;
    }
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether the search is deep, and the file for JSON; `None` for other arguments.
fn options(mut args: impl Iterator<Item = OsString>) -> Option<(bool, Option<OsString>)> {
    let (mut is_deep, mut json) = (false, None);
    while let Some(arg) = args.next() {
        match arg.to_str()? {
            "--deep" => is_deep = true,
            "--json" => json = Some(args.next()?),
            _ => return None,
        }
    }
    Some((is_deep, json))
}
