use daimon_model::*;
fn main() {
    let t0 = std::time::Instant::now();
    for m in small() {
        let t = std::time::Instant::now();
        let found = check(&m, None);
        println!("{} {} states {} steps {:?}", m.name, found.states, found.steps, t.elapsed());
        for (p, path) in found.broken { println!("  {p:?} {}", path.len()); for (w,s) in path { println!("      {w:?}: {s}"); } }
    }
    println!("{:?}", t0.elapsed());
    for m in mutants() {
        let t = std::time::Instant::now();
        let only = match m.expected { Expected::Breaks(p) => Some(p), _ => None };
        let found = check(&m.model, only);
        let ok = match m.expected { Expected::Breaks(p) => found.broken.iter().any(|(q,_)| *q==p), _ => found.broken.is_empty() };
        println!("{ok} {:?} {:?}: {} states {:?}", m.rule, m.expected, found.states, t.elapsed());
        for (p, path) in found.broken { println!("  {p:?} {}", path.len()); for (w,s) in path { println!("      {w:?}: {s}"); } }
    }
    println!("{:?}", t0.elapsed());
    if std::env::args().len() > 1 {
    for m in large() {
        let t = std::time::Instant::now();
        let found = check(&m, None);
        println!("{} {} states {} steps {:?}", m.name, found.states, found.steps, t.elapsed());
        for (p, path) in found.broken { println!("  {p:?} {}", path.len()); for (w,s) in path { println!("      {w:?}: {s}"); } }
    }
    }
}
