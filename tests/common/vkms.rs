//! Devices of vkms that are made for a test: more CRTCs, and planes that the one which is always
//! there does not have.
//!
//! Needs root and a kernel with `CONFIG_CONFIGFS_FS`, from Linux 6.16 on.
//!
//! Spec: <https://docs.kernel.org/gpu/vkms.html#configuring-with-configfs>.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;

use dmashare::device::Node;

const CONFIGFS: &str = "/sys/kernel/config";
/// Values of the property `type`.
const OVERLAY: u32 = 0;
const PRIMARY: u32 = 1;
const CURSOR: u32 = 2;

/// A device of vkms, which is removed when this is dropped.
pub(crate) struct Device {
    folder: PathBuf,
    name: String,
}

impl Device {
    /// A device with so many CRTCs, each with a connector, writeback, and a primary, an overlay
    /// and a cursor plane of its own.
    pub(crate) fn new(name: &str, crtcs: usize) -> Self {
        if !Path::new(CONFIGFS).join("vkms").exists() {
            let flags = rustix::mount::MountFlags::empty();
            rustix::mount::mount("none", CONFIGFS, "configfs", flags, None).unwrap();
        }
        let folder = Path::new(CONFIGFS).join("vkms").join(name);
        fs::create_dir(&folder).unwrap();
        let device = Self { folder, name: name.to_owned() };
        for index in 0..crtcs {
            device.add_crtc(index);
        }
        fs::write(device.folder.join("enabled"), "1").unwrap();
        device
    }

    fn add_crtc(&self, index: usize) {
        let make = |kind: &str, name: String| {
            let path = self.folder.join(kind).join(name);
            fs::create_dir(&path).unwrap();
            path
        };
        let link = |to: &Path, from: PathBuf| symlink(to, from.join("it")).unwrap();
        let crtc = make("crtcs", format!("crtc{index}"));
        fs::write(crtc.join("writeback"), "1").unwrap();
        // vkms has no property for the order: planes lie in the order in which they were made.
        for kind in [PRIMARY, OVERLAY, CURSOR] {
            let plane = make("planes", format!("plane{index}-{kind}"));
            fs::write(plane.join("type"), kind.to_string()).unwrap();
            link(&crtc, plane.join("possible_crtcs"));
        }
        let encoder = make("encoders", format!("encoder{index}"));
        link(&crtc, encoder.join("possible_crtcs"));
        let connector = make("connectors", format!("connector{index}"));
        fs::write(connector.join("status"), "1").unwrap();
        link(&encoder, connector.join("possible_encoders"));
    }

    /// Its primary node.
    pub(crate) fn open(&self) -> Node {
        let nodes = Path::new("/sys/devices/faux").join(&self.name).join("drm");
        let names = fs::read_dir(&nodes).unwrap().map(|entry| entry.unwrap().file_name());
        let mut cards = names.filter(|name| name.to_string_lossy().starts_with("card"));
        Node::open(Path::new("/dev/dri").join(cards.next().expect("a card"))).unwrap()
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        let _ = fs::write(self.folder.join("enabled"), "0");
        for (kind, links) in [
            ("planes", "possible_crtcs"),
            ("connectors", "possible_encoders"),
            ("encoders", "possible_crtcs"),
            ("crtcs", ""),
        ] {
            for entry in fs::read_dir(self.folder.join(kind)).into_iter().flatten().flatten() {
                let _ = fs::remove_file(entry.path().join(links).join("it"));
                let _ = fs::remove_dir(entry.path());
            }
        }
        let _ = fs::remove_dir(&self.folder);
    }
}
