#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
use dmashare::device::Node;
use dmashare::kms::Topology;
#[test]
#[ignore = "lab: x"]
fn dump() {
    for n in 0..4 {
        let Ok(node) = Node::open(format!("/dev/dri/card{n}")) else { continue };
        println!("{:#?}", Topology::read(&node));
    }
}
