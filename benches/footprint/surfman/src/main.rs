//! Makes a surface that contexts of one process share: surfman hands none to another process.

use surfman::Connection;
use surfman::ContextAttributeFlags;
use surfman::ContextAttributes;
use surfman::GLVersion;
use surfman::SurfaceAccess;
use surfman::SurfaceType;
use surfman::declare_surfman;

declare_surfman!();

fn main() {
    let connection = Connection::new().expect("a connection");
    let adapter = connection.create_software_adapter().expect("an adapter");
    let device = connection.create_device(&adapter).expect("a device");
    let attributes =
        ContextAttributes { version: GLVersion::new(3, 0), flags: ContextAttributeFlags::empty() };
    let descriptor = device.create_context_descriptor(&attributes).expect("a descriptor");
    let mut context = device.create_context(&descriptor, None).expect("a context");
    let kind = SurfaceType::Generic { size: [64, 64].into() };
    let surface = device.create_surface(&context, SurfaceAccess::GPUOnly, kind).expect("a surface");
    println!("{:?}", device.surface_info(&surface).size);
    device.bind_surface_to_context(&mut context, surface).expect("a bound surface");
    device.destroy_context(&mut context).expect("an end");
}
