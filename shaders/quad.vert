#version 100
// A quad over the whole target. `position` is in clip space. `to_texture` is the scale and offset
// from clip space to texture coordinates, whose (0, 0) is the first pixel of the first row in memory.
attribute vec2 position;
uniform vec4 to_texture;
varying highp vec2 coordinates;

void main() {
    gl_Position = vec4(position, 0.0, 1.0);
    coordinates = position * to_texture.xy + to_texture.zw;
}
