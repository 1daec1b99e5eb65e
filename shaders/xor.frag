#version 100
// The XOR pattern: red = x ^ y, green = x ^ 2y, blue = 2x ^ y, each modulo 256, alpha opaque, where
// (0, 0) is the first pixel of the first row in memory. Integers of GLSL 1.00 have no bits, so the
// bits are taken apart with floats, which are exact below 2^16. `shift` moves the picture to the left
// by so many pixels.
precision highp float;
uniform float shift;

float exclusive_or(float a, float b) {
    float result = 0.0;
    float bit = 1.0;
    for (int index = 0; index < 8; index++) {
        float of_a = mod(floor(a / bit), 2.0);
        float of_b = mod(floor(b / bit), 2.0);
        result += bit * abs(of_a - of_b);
        bit *= 2.0;
    }
    return result;
}

void main() {
    vec2 pixel = floor(gl_FragCoord.xy) + vec2(shift, 0.0);
    float red = exclusive_or(pixel.x, pixel.y);
    float green = exclusive_or(pixel.x, 2.0 * pixel.y);
    float blue = exclusive_or(2.0 * pixel.x, pixel.y);
    gl_FragColor = vec4(vec3(red, green, blue) / 255.0, 1.0);
}
