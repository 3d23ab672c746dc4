//! Prints the report of the model: `cargo run --release -p daimon-model -- [--json FILE]`. It ends with code 1 if the
//! protocol breaks a property, or a mutant does not do what is expected of it.

use std::io::{self, Write};
use std::process::ExitCode;

use daimon_model::Report;

fn main() -> io::Result<ExitCode> {
    let mut args = std::env::args_os().skip(1);
    let json = match (args.next(), args.next()) {
        (None, _) => None,
        (Some(flag), Some(file)) if flag == "--json" => Some(file),
        _ => {
            writeln!(io::stderr(), "usage: daimon-model [--json FILE]")?;
            return Ok(ExitCode::from(2));
        }
    };
    let report = Report::make(|search| {
        // Progress alone.
        let _ = writeln!(io::stderr(), "searching: {search}");
    });
    writeln!(io::stdout(), "{report}")?;
    if let Some(file) = json {
        std::fs::write(file, report.json() + "\n")?;
    }
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
