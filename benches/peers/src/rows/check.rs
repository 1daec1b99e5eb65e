//! Checking an image, beside the system calls that this takes.

use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;

use anyhow::Result;
use dmashare::dmabuf::Dmabuf;

use crate::inputs;
use crate::race::Contender;
use crate::race::Pace;
use crate::race::race;
use crate::results::Goal;
use crate::results::Table;
use crate::rows::OURS;
use crate::rows::plural;

pub(crate) fn measure(pace: Pace) -> Result<Table> {
    let mut cases = Vec::new();
    for planes in 1..=4 {
        let claim = inputs::descriptor(planes, [1920, 1080]);
        let fds: Vec<_> = claim.planes.iter().map(|plane| plane.fd.clone()).collect();
        let calls = || fds.iter().for_each(|fd| bare_calls(fd.as_fd()));
        let contenders = vec![
            Contender::new("system calls", calls),
            Contender::with_inputs(OURS, || claim.clone(), Dmabuf::new),
        ];
        let x = f64::from(u32::try_from(planes)?);
        cases.push(race(pace, plural(planes), Some(x), contenders));
    }
    let ratios = cases.iter().map(|case| case.of(OURS).ratio.median);
    let goals = vec![Goal::at_most("at most 1.3 times the system calls", 1.3, ratios)];
    Ok(Table {
        id: "check".to_owned(),
        title: "Checking an image".to_owned(),
        what:
            "`Dmabuf::new` on a claim of 1920x1080 pixels whose planes are each in a memfd of its \
               own, and the three system calls for each (`F_GET_SEALS`, `fstat`, `F_GETFL`) and \
               nothing else."
                .to_owned(),
        x: Some("planes".to_owned()),
        cases,
        goals,
        notes: Vec::new(),
    })
}

/// What has to be asked of the kernel about a memfd.
fn bare_calls(fd: BorrowedFd<'_>) {
    let seals = rustix::fs::fcntl_get_seals(fd).expect("seals");
    let stat = rustix::fs::fstat(fd).expect("a size");
    let flags = rustix::fs::fcntl_getfl(fd).expect("flags");
    std::hint::black_box((seals, stat, flags));
}
