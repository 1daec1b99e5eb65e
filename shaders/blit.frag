#version 100
// Copies a 2D texture as it is: no colour conversion, alpha not premultiplied.
precision highp float;
uniform highp sampler2D source;
varying highp vec2 coordinates;

void main() {
    gl_FragColor = texture2D(source, coordinates);
}
