#version 100
#extension GL_OES_EGL_image_external : require
// `sample_rgb` of an external texture: the driver converts, at the middle of the pixel at the
// coordinates, so that a filter has an effect on chroma alone.
precision highp float;
#define SAMPLE_RGB
uniform highp samplerExternalOES plane0;
uniform highp vec2 size;
varying highp vec2 coordinates;

vec4 sample_rgb(highp vec2 place) {
    return texture2D(plane0, (floor(place * size) + 0.5) / size);
}

#ifndef OWN_MAIN
void main() {
    gl_FragColor = sample_rgb(coordinates);
}
#endif
