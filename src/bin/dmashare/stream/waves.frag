#version 100
// Waves of colour that pass through each other; `phase` is where they are in the movement, which
// begins again at 1. `coordinates` are 0 to 1 from the first pixel in memory.
precision highp float;
varying highp vec2 coordinates;
uniform float phase;

const float TURN = 6.28318530718;

void main() {
    vec2 centre = vec2(0.5 + 0.25 * cos(TURN * phase), 0.5 + 0.25 * sin(TURN * phase));
    float rings = 4.0 * distance(coordinates, centre) - 2.0 * phase;
    float slope = coordinates.x + 0.5 * coordinates.y + phase;
    float wave = 0.5 * sin(TURN * rings) + 0.5 * sin(TURN * slope);
    vec3 thirds = vec3(0.0, 1.0, 2.0) / 3.0;
    gl_FragColor = vec4(0.5 + 0.5 * cos(TURN * (0.5 * wave + phase + thirds)), 1.0);
}
