#version 100
// `sample_rgb` of a 2D texture that holds colours: the pixel at the coordinates, as it is.
precision highp float;
#define SAMPLE_RGB
uniform highp sampler2D plane0;
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
