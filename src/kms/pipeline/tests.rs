use crate::format::Candidate;
use crate::format::FormatSet;
use crate::format::Fourcc;
use crate::format::Modifier;
use crate::format::Party;
use crate::format::Usage;
use crate::format::negotiate;
use crate::kms::ConnectorState;
use crate::kms::ModeRequest;
use crate::kms::NoPipeline;
use crate::kms::Pipeline;
use crate::kms::PipelineReason;
use crate::kms::PipelineRequest;
use crate::kms::Topology;
use crate::kms::recorded::amd;
use crate::kms::recorded::id;
use crate::kms::recorded::intel;
use crate::kms::recorded::mode;
use crate::kms::recorded::virtio_gpu;
use crate::kms::recorded::vkms;

fn named(connector: &str) -> PipelineRequest {
    PipelineRequest { connector: Some(connector.to_owned()), ..PipelineRequest::default() }
}

fn sized(connector: &str, size: [u32; 2]) -> PipelineRequest {
    PipelineRequest { mode: ModeRequest::Size(size), ..named(connector) }
}

fn choose_all(topology: &Topology, names: &[&str]) -> Result<Vec<Pipeline>, NoPipeline> {
    let requests: Vec<_> = names.iter().map(|name| named(name)).collect();
    Pipeline::choose_all(topology, &requests)
}

fn reasons(refused: Result<Pipeline, NoPipeline>) -> Vec<(String, PipelineReason)> {
    let refusals = refused.unwrap_err().refusals.into_iter();
    refusals.map(|refusal| (refusal.connector, refusal.reason)).collect()
}

#[test]
fn the_only_monitor_is_found_behind_a_writeback_connector() {
    let topology = vkms();
    let way = Pipeline::choose(&topology, &PipelineRequest::default()).unwrap();
    assert_eq!(topology.connector(way.connector).unwrap().name(), "Virtual-1");
    assert_eq!((way.crtc, way.crtc_index), (id(45), 0));
    assert_eq!((way.encoder, way.primary), (id(52), id(35)));
    assert_eq!(way.mode.size(), [1024, 768]);
}

#[test]
fn writeback_connector_is_no_monitor_even_when_asked_for() {
    let refused = Pipeline::choose(&vkms(), &named("Writeback-1"));
    let expected = [
        ("Writeback-1".to_owned(), PipelineReason::Writeback),
        ("Virtual-1".to_owned(), PipelineReason::OtherName),
    ];
    assert_eq!(reasons(refused), expected);
}

#[test]
fn monitor_of_a_virtual_machine_is_found() {
    let topology = virtio_gpu();
    let way = Pipeline::choose(&topology, &PipelineRequest::default()).unwrap();
    assert_eq!((way.primary, way.mode.size()), (id(35), [640, 480]));
    let formats = way.formats(&topology).unwrap();
    assert!(formats.contains(Fourcc::XRGB8888, Modifier::LINEAR));
    assert!(!formats.contains(Fourcc::XRGB8888, Modifier::Implicit));
}

#[test]
fn formats_of_the_primary_plane_are_negotiated_with() {
    let topology = intel();
    let way = Pipeline::choose(&topology, &named("HDMI-A-1")).unwrap();
    let render: FormatSet = [(Fourcc::XRGB8888, Modifier::LINEAR)].into_iter().collect();
    let parties = [
        Party { name: "GPU", usage: Usage::Render, formats: &render },
        Party { name: "display", usage: Usage::ScanOut, formats: way.formats(&topology).unwrap() },
    ];
    let agreed = negotiate(&parties).unwrap();
    assert_eq!(agreed.iter().map(Candidate::fourcc).collect::<Vec<_>>(), [Fourcc::XRGB8888]);
}

#[test]
fn connector_that_is_lit_keeps_its_crtc() {
    let way = Pipeline::choose(&intel(), &named("eDP-1")).unwrap();
    assert_eq!((way.crtc, way.crtc_index, way.primary), (id(131), 1, id(128)));
}

#[test]
fn dark_connector_takes_a_crtc_that_is_idle() {
    let way = Pipeline::choose(&intel(), &named("HDMI-A-1")).unwrap();
    assert_eq!((way.crtc, way.crtc_index), (id(80), 0));
}

#[test]
fn connector_that_reaches_few_crtcs_gets_one_although_it_asks_last() {
    let mut topology = intel();
    // The panel holds the second CRTC; were DP-1 given the first one, HDMI would get none.
    let ways = choose_all(&topology, &["DP-1", "eDP-1", "HDMI-A-1"]).unwrap();
    let crtcs: Vec<_> = ways.iter().map(|way| way.crtc_index).collect();
    assert_eq!(crtcs, [2, 1, 0]);
    // Without the first CRTC the panel has to move.
    topology.crtcs.remove(0);
    let ways = choose_all(&topology, &["eDP-1", "HDMI-A-1"]).unwrap();
    assert_eq!(ways[1].crtc_index, 1);
    assert_ne!(ways[0].crtc_index, 1);
}

#[test]
fn connectors_that_share_an_encoder_are_not_lit_together() {
    for (topology, pair) in [(intel(), ["DP-1", "DP-2"]), (amd(), ["DVI-I-1", "VGA-1"])] {
        assert!(choose_all(&topology, &pair[..1]).is_ok());
        let refused = choose_all(&topology, &pair).unwrap_err();
        assert!(refused.refusals.iter().all(|it| it.reason == PipelineReason::Contended));
        let names: Vec<_> = refused.refusals.iter().map(|it| it.connector.as_str()).collect();
        assert_eq!(names, pair);
    }
}

#[test]
fn same_connector_is_not_given_twice() {
    assert!(choose_all(&amd(), &["DP-1", "DP-1"]).is_err());
    let anything = [PipelineRequest::default(), PipelineRequest::default()];
    let ways = Pipeline::choose_all(&amd(), &anything).unwrap();
    assert_ne!(ways[0].connector, ways[1].connector);
    assert_ne!(ways[0].crtc, ways[1].crtc);
    assert!(Pipeline::choose_all(&vkms(), &anything).is_err());
}

#[test]
fn nothing_is_chosen_for_nobody() {
    assert_eq!(Pipeline::choose_all(&vkms(), &[]), Ok(Vec::new()));
}

#[test]
fn mode_of_a_size_is_the_preferred_one_or_the_fastest() {
    let mode_of = |size| Pipeline::choose(&amd(), &sized("DP-1", size)).unwrap().mode;
    assert_eq!(mode_of([2560, 1440]).refresh_millihertz() / 1000, 59);
    assert_eq!(mode_of([1920, 1080]).refresh_millihertz() / 1000, 143);
}

#[test]
fn interlaced_mode_is_the_last_resort() {
    let mut topology = vkms();
    let slow = mode([1920, 1080], 30_000);
    let mut interlaced = *mode([1920, 1080], 60_000).raw();
    interlaced.flags = drm_ffi::DRM_MODE_FLAG_INTERLACE;
    topology.connectors[1].modes = vec![crate::kms::Mode::from_raw(interlaced), slow];
    let way = Pipeline::choose(&topology, &sized("Virtual-1", [1920, 1080])).unwrap();
    assert_eq!(way.mode, slow);
}

#[test]
fn mode_that_is_not_listed_is_refused_with_one_that_is() {
    let missing = ModeRequest::Exact(mode([123, 45], 60_000));
    let request = PipelineRequest { mode: missing, ..named("Virtual-1") };
    let refused = Pipeline::choose(&vkms(), &request);
    let text = refused.clone().unwrap_err().to_string();
    assert!(text.contains("prefers 1024x768@60.0"), "{text}");
    let (_, reason) = reasons(refused).remove(1);
    let is_expected = matches!(&reason, PipelineReason::NoSuchMode { request, preferred }
        if **request == missing && preferred.size() == [1024, 768]);
    assert!(is_expected, "{reason:?}");
}

#[test]
fn connector_without_a_monitor_says_so() {
    let refused = Pipeline::choose(&intel(), &named("DP-3"));
    assert!(refused.clone().unwrap_err().to_string().contains("DP-3 has no monitor"));
    let last = reasons(refused).pop().unwrap();
    assert_eq!(last.1, PipelineReason::NoModes(ConnectorState::Disconnected));
}

#[test]
fn crtc_without_a_primary_plane_is_no_way() {
    let mut topology = vkms();
    topology.planes.remove(0);
    let refused = reasons(Pipeline::choose(&topology, &PipelineRequest::default()));
    assert_eq!(refused[1].1, PipelineReason::NoPrimaryPlane);
    topology.crtcs.clear();
    let refused = reasons(Pipeline::choose(&topology, &PipelineRequest::default()));
    assert_eq!(refused[1].1, PipelineReason::NoCrtc);
}

#[test]
fn primary_planes_that_reach_several_crtcs_are_dealt_in_order() {
    let mut topology = amd();
    let all: Vec<_> = topology.crtcs.iter().map(|crtc| crtc.handle).collect();
    for plane in &mut topology.planes {
        plane.possible_crtcs.clone_from(&all);
    }
    let ways = choose_all(&topology, &["DP-1", "VGA-1"]).unwrap();
    assert_eq!(ways[0].primary, id(40));
    assert_eq!(ways[1].primary, id(43));
}

#[test]
fn topology_without_anything_is_searched_in_vain() {
    let empty = Topology {
        connectors: Vec::new(),
        encoders: Vec::new(),
        crtcs: Vec::new(),
        planes: Vec::new(),
        ..vkms()
    };
    let refused = Pipeline::choose(&empty, &PipelineRequest::default()).unwrap_err();
    assert_eq!(refused.to_string(), "no way to a monitor: the device has no connectors");
}
