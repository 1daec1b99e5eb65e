//! Which drivers sample the memory of an image itself.
//!
//! An external texture shows what is in the memory when it is bound, or later: `GL_OES_EGL_image_external`
//! says so. For 2D textures nobody says when a change by others becomes visible
//! ([OpenGL-Registry issue 566](https://github.com/KhronosGroup/OpenGL-Registry/issues/566)), and drivers that
//! sample a copy, or through what they keep of the image, hear of the change when the texture is given
//! its image again (Mesa's `resource_changed`).
//!
//! `llvmpipe` reads the pixels from its mapping of the buffer while it draws, and keeps none: a 2D
//! texture shows what others wrote even if it stays bound (measured with Mesa 25.0.7 and 26.2.6 on every
//! format that can be a 2D texture, in `tests/image_cache`). `softpipe` keeps tiles, and is not known by
//! this name; neither is `zink`, whoever is below it.
//!
//! Spec: `GL_OES_EGL_image_external`, on binding a texture again.

/// Whether the renderer of this name (`GL_RENDERER`) does.
pub(in crate::gl) fn is_sampled_by(renderer: &str) -> bool {
    renderer.starts_with("llvmpipe (")
}

#[cfg(test)]
mod tests {
    use super::is_sampled_by;

    #[test]
    fn llvmpipe_alone_samples_memory() {
        assert!(is_sampled_by("llvmpipe (LLVM 15.0.6, 256 bits)"));
        for renderer in [
            "softpipe",
            "zink Vulkan 1.4(llvmpipe (LLVM 22.1.8, 256 bits) (MESA_LLVMPIPE))",
            "virgl (LLVMPIPE (LLVM 15.0.6, 256 bits))",
            "Mesa Intel(R) Graphics (ADL GT2)",
            "",
        ] {
            assert!(!is_sampled_by(renderer), "{renderer}");
        }
    }
}
