#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a failed expectation is how a test fails")]
//! tmp
mod common;
use common::child;
use common::traced;
use common::traced::Ending;
#[test]
fn tracer_works() {
    if let Some(case) = child::case() {
        let fd = std::fs::File::open("/dev/null").unwrap();
        traced::begin();
        for _ in 0..3 { rustix::fs::fstat(&fd).unwrap(); }
        drop(fd);
        if case == "x" { child::done(); }
        return;
    }
    for n in 0..8 {
        println!("{n}: {:?}", traced::kill_after(child::command("tracer_works", "x"), n));
    }
    let Ending::Killed { call } = traced::kill_after(child::command("tracer_works", "x"), 2) else { panic!() };
    assert_eq!(call, Some(libc::SYS_fstat));
}
