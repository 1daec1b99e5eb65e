//! Asking a device for its topology.

use std::collections::HashMap;
use std::sync::Arc;

use drm::control::RawResourceHandle;
use drm::control::from_u32;
use drm::control::property;
use rustix::io::Errno;

use crate::device::Node;
use crate::device::NodeKind;
use crate::format::FormatSet;
use crate::format::Fourcc;
use crate::format::Modifier;
use crate::kms::Capabilities;
use crate::kms::Connector;
use crate::kms::ConnectorKind;
use crate::kms::ConnectorState;
use crate::kms::Crtc;
use crate::kms::Encoder;
use crate::kms::EncoderKind;
use crate::kms::Mode;
use crate::kms::NamedValue;
use crate::kms::Plane;
use crate::kms::PlaneKind;
use crate::kms::Property;
use crate::kms::PropertyKind;
use crate::kms::PropertyTable;
use crate::kms::Topology;
use crate::kms::TopologyError;
use crate::kms::format_blob;
use crate::kms::mode::text;
use crate::kms::sys;

impl Topology {
    /// Asks the device for everything, and its monitors as well.
    ///
    /// As a side effect this open file is shown all planes, atomic properties, writeback connectors
    /// and the cursor planes of virtual machines from now on, as far as the driver has them.
    ///
    /// Blocks while the monitors are asked, up to some hundred milliseconds for each connector. The
    /// kernel asks them for the master alone; anybody else is told what was last known, as by
    /// [`Topology::read_known`].
    ///
    /// # Errors
    /// - [`TopologyError::NotPrimary`]: a render node has no display.
    /// - [`TopologyError::Unsupported`]: the driver has none.
    /// - [`TopologyError::Restless`], [`TopologyError::Call`].
    ///
    /// Spec: `DRM_IOCTL_MODE_GETRESOURCES` and its kin in `drm_mode.h`.
    pub fn read(node: &Node) -> Result<Self, TopologyError> {
        Reader::new(node)?.topology(true)
    }

    /// As [`Topology::read`], without asking the monitors: what the kernel knows already, at once.
    /// A connector that nobody has probed since the driver was loaded has no modes.
    ///
    /// # Errors
    /// As for [`Topology::read`].
    pub fn read_known(node: &Node) -> Result<Self, TopologyError> {
        Reader::new(node)?.topology(false)
    }
}

/// A property without its value, shared by all objects that have it.
struct Definition {
    handle: property::Handle,
    name: Arc<str>,
    kind: Arc<PropertyKind>,
    immutable: bool,
    atomic: bool,
}

struct Reader<'node> {
    node: &'node Node,
    capabilities: Capabilities,
    resources: sys::Resources,
    definitions: HashMap<u32, Option<Definition>>,
}

impl<'node> Reader<'node> {
    fn new(node: &'node Node) -> Result<Self, TopologyError> {
        if node.kind() != NodeKind::Primary {
            return Err(TopologyError::NotPrimary { kind: node.kind() });
        }
        let capabilities = Capabilities::claim(node);
        let resources = sys::resources(node)?;
        Ok(Self { node, capabilities, resources, definitions: HashMap::new() })
    }

    fn topology(mut self, probe: bool) -> Result<Topology, TopologyError> {
        let planes = self.planes()?;
        let crtcs = self.crtcs()?;
        let encoders = self.encoders()?;
        let connectors = self.connectors(probe)?;
        let sizes = &self.resources.numbers;
        Ok(Topology {
            driver: self.node.driver().to_owned(),
            least_size: [sizes.min_width, sizes.min_height],
            most_size: [sizes.max_width, sizes.max_height],
            capabilities: self.capabilities,
            connectors,
            encoders,
            crtcs,
            planes,
        })
    }

    fn connectors(&mut self, probe: bool) -> Result<Vec<Connector>, TopologyError> {
        let mut connectors = Vec::with_capacity(self.resources.connectors.len());
        for id in self.resources.connectors.clone() {
            match self.connector(id, probe) {
                Ok(connector) => connectors.extend(connector),
                // Unplugged with its dock since the list was made.
                Err(TopologyError::Call { errno: Errno::NOENT, .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(connectors)
    }

    fn connector(&mut self, id: u32, probe: bool) -> Result<Option<Connector>, TopologyError> {
        let Some(handle) = from_u32(id) else { return Ok(None) };
        let info = sys::connector(self.node, id, probe)?;
        let numbers = info.numbers;
        let properties = self.properties(id, drm_ffi::DRM_MODE_OBJECT_CONNECTOR)?;
        let kind = ConnectorKind(numbers.connector_type);
        let blob = self.blob(&properties, "WRITEBACK_PIXEL_FORMATS")?;
        let writeback_formats = blob.map(|bytes| {
            let fourccs = format_blob::parse_writeback_formats(&bytes);
            fourccs.into_iter().map(|fourcc| (fourcc, Modifier::LINEAR)).collect()
        });
        let size_mm = [numbers.mm_width, numbers.mm_height];
        Ok(Some(Connector {
            handle,
            kind,
            number: numbers.connector_type_id,
            state: ConnectorState::from_raw(numbers.connection),
            size_mm: (size_mm != [0, 0]).then_some(size_mm),
            modes: info.modes.into_iter().map(Mode::from_raw).collect(),
            encoders: handles(&info.encoders),
            encoder: from_u32(numbers.encoder_id),
            writeback_formats,
            properties,
        }))
    }

    fn encoders(&self) -> Result<Vec<Encoder>, TopologyError> {
        let ids = &self.resources.encoders;
        let mut encoders = Vec::with_capacity(ids.len());
        for id in ids {
            let Some(handle) = from_u32(*id) else { continue };
            let info = drm_ffi::mode::get_encoder(fd(self.node), *id)
                .map_err(|error| failed("DRM_IOCTL_MODE_GETENCODER", &error))?;
            encoders.push(Encoder {
                handle,
                kind: EncoderKind(info.encoder_type),
                crtc: from_u32(info.crtc_id),
                possible_crtcs: chosen(&self.resources.crtcs, info.possible_crtcs),
                possible_clones: chosen(ids, info.possible_clones),
            });
        }
        Ok(encoders)
    }

    fn crtcs(&mut self) -> Result<Vec<Crtc>, TopologyError> {
        let ids = self.resources.crtcs.clone();
        let mut crtcs = Vec::with_capacity(ids.len());
        for (index, id) in (0..).zip(ids) {
            let Some(handle) = from_u32(id) else { continue };
            let info = drm_ffi::mode::get_crtc(fd(self.node), id)
                .map_err(|error| failed("DRM_IOCTL_MODE_GETCRTC", &error))?;
            crtcs.push(Crtc {
                handle,
                index,
                mode: (info.mode_valid != 0).then(|| Mode::from_raw(info.mode)),
                framebuffer: from_u32(info.fb_id),
                position: [info.x, info.y],
                gamma_entries: info.gamma_size,
                properties: self.properties(id, drm_ffi::DRM_MODE_OBJECT_CRTC)?,
            });
        }
        Ok(crtcs)
    }

    fn planes(&mut self) -> Result<Vec<Plane>, TopologyError> {
        let ids = sys::plane_ids(self.node)?;
        let mut planes = Vec::with_capacity(ids.len());
        for id in ids {
            planes.extend(self.plane(id)?);
        }
        Ok(planes)
    }

    fn plane(&mut self, id: u32) -> Result<Option<Plane>, TopologyError> {
        let Some(handle) = from_u32(id) else { return Ok(None) };
        let (info, fourccs) = sys::plane(self.node, id)?;
        let properties = self.properties(id, drm_ffi::DRM_MODE_OBJECT_PLANE)?;
        let stated = self.formats(&properties, "IN_FORMATS")?;
        let states_modifiers = stated.is_some();
        let formats = stated.unwrap_or_else(|| {
            fourccs.into_iter().map(|fourcc| (Fourcc(fourcc), Modifier::LINEAR)).collect()
        });
        let hints = self.blob(&properties, "SIZE_HINTS")?.unwrap_or_default();
        Ok(Some(Plane {
            handle,
            kind: PlaneKind::from_raw(properties.value("type").unwrap_or(0)),
            possible_crtcs: chosen(&self.resources.crtcs, info.possible_crtcs),
            crtc: from_u32(info.crtc_id),
            framebuffer: from_u32(info.fb_id),
            formats,
            states_modifiers,
            async_formats: self.formats(&properties, "IN_FORMATS_ASYNC")?,
            size_hints: format_blob::parse_size_hints(&hints),
            properties,
        }))
    }

    /// The formats in a blob. A blob that makes no sense is as good as none.
    fn formats(
        &self,
        properties: &PropertyTable,
        name: &str,
    ) -> Result<Option<FormatSet>, TopologyError> {
        let Some(bytes) = self.blob(properties, name)? else { return Ok(None) };
        match format_blob::parse_in_formats(&bytes) {
            Ok(formats) => Ok(Some(formats)),
            Err(error) => {
                tracing::warn!(driver = self.node.driver(), property = name, %error, "format blob");
                Ok(None)
            }
        }
    }

    /// The contents of a blob property, if it has any.
    fn blob(
        &self,
        properties: &PropertyTable,
        name: &str,
    ) -> Result<Option<Vec<u8>>, TopologyError> {
        match properties.value(name).map(u32::try_from) {
            None | Some(Ok(0) | Err(_)) => Ok(None),
            Some(Ok(id)) => sys::blob(self.node, id).map(Some),
        }
    }

    fn properties(&mut self, id: u32, kind: u32) -> Result<PropertyTable, TopologyError> {
        let mut properties = Vec::new();
        for (id, value) in sys::properties(self.node, id, kind)? {
            let Some(definition) = self.definition(id)? else { continue };
            properties.push(Property {
                handle: definition.handle,
                name: Arc::clone(&definition.name),
                kind: Arc::clone(&definition.kind),
                immutable: definition.immutable,
                atomic: definition.atomic,
                value,
            });
        }
        Ok(properties.into_iter().collect())
    }

    fn definition(&mut self, id: u32) -> Result<Option<&Definition>, TopologyError> {
        if !self.definitions.contains_key(&id) {
            let definition = match from_u32(id) {
                Some(handle) => Some(Definition::new(handle, &sys::property(self.node, id)?)),
                None => None,
            };
            self.definitions.insert(id, definition);
        }
        Ok(self.definitions.get(&id).and_then(Option::as_ref))
    }
}

impl Definition {
    fn new(handle: property::Handle, info: &sys::PropertyInfo) -> Self {
        let flags = info.numbers.flags;
        Self {
            handle,
            name: text(&info.numbers.name).into(),
            kind: Arc::new(kind_of(info)),
            immutable: flags & drm_ffi::DRM_MODE_PROP_IMMUTABLE != 0,
            atomic: flags & drm_ffi::DRM_MODE_PROP_ATOMIC != 0,
        }
    }
}

fn kind_of(info: &sys::PropertyInfo) -> PropertyKind {
    let flags = info.numbers.flags;
    let named = || {
        info.enums.iter().map(|named| NamedValue { value: named.value, name: text(&named.name) })
    };
    let types = drm_ffi::DRM_MODE_PROP_LEGACY_TYPE | drm_ffi::DRM_MODE_PROP_EXTENDED_TYPE;
    match (flags & types, info.values.as_slice()) {
        (drm_ffi::DRM_MODE_PROP_RANGE, [least, most]) => {
            PropertyKind::Range { least: *least, most: *most }
        }
        (drm_ffi::DRM_MODE_PROP_SIGNED_RANGE, [least, most]) => {
            PropertyKind::SignedRange { least: least.cast_signed(), most: most.cast_signed() }
        }
        (drm_ffi::DRM_MODE_PROP_ENUM, _) => PropertyKind::Enum(named().collect()),
        (drm_ffi::DRM_MODE_PROP_BITMASK, _) => {
            let masked = named().filter_map(|NamedValue { value, name }| {
                let bit = u32::try_from(value).ok()?;
                Some(NamedValue { value: 1_u64.checked_shl(bit)?, name })
            });
            PropertyKind::Bitmask(masked.collect())
        }
        (drm_ffi::DRM_MODE_PROP_BLOB, _) => PropertyKind::Blob,
        (drm_ffi::DRM_MODE_PROP_OBJECT, [kind]) => {
            PropertyKind::Object { kind: u32::try_from(*kind).unwrap_or(0) }
        }
        _ => PropertyKind::Unknown { flags },
    }
}

fn handles<H: From<RawResourceHandle>>(ids: &[u32]) -> Vec<H> {
    ids.iter().filter_map(|id| from_u32(*id)).collect()
}

/// Those of the list whose bits are set.
fn chosen<H: From<RawResourceHandle>>(ids: &[u32], mask: u32) -> Vec<H> {
    let chosen = (0..u32::BITS).zip(ids).filter(|(bit, _)| mask & (1 << bit) != 0);
    chosen.filter_map(|(_, id)| from_u32(*id)).collect()
}

fn fd(node: &Node) -> std::os::fd::BorrowedFd<'_> {
    std::os::fd::AsFd::as_fd(node)
}

fn failed(call: &'static str, error: &std::io::Error) -> TopologyError {
    TopologyError::of(call, Errno::from_io_error(error).unwrap_or(Errno::IO))
}
