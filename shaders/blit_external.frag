#version 100
#extension GL_OES_EGL_image_external : require
// Copies an external texture; the driver converts YUV to RGB as the import's hints say.
precision highp float;
uniform highp samplerExternalOES source;
varying highp vec2 coordinates;

void main() {
    gl_FragColor = texture2D(source, coordinates);
}
