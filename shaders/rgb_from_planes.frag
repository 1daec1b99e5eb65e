#version 100
// `sample_rgb` of luma and chroma in up to three textures: the pixel at the coordinates, with chroma
// interpolated at its middle from the samples around it.
precision highp float;
#define SAMPLE_RGB

// Where the numbers are, as the crate has it in its table of formats. What stands here is NV12.
#ifndef LUMA
#define LUMA(at) P0(at).r
#define CHROMA(at) P1(at).rg
#define ALPHA(at) 1.0
#define SHARED_ACROSS
#define SHARED_DOWN
#endif

uniform highp sampler2D plane0;
uniform highp sampler2D plane1;
uniform highp sampler2D plane2;
// From one texel of each to the next.
uniform highp vec2 step0;
uniform highp vec2 step1;
uniform highp vec2 step2;
// Of the image, in pixels.
uniform highp vec2 size;
// From pixels to samples of chroma: samples in a pixel, the place of the first pixel among them, and
// the last sample.
uniform highp vec2 samples;
uniform highp vec2 first_pixel;
uniform highp vec2 last_sample;
// From the numbers of texels to red, green and blue.
uniform highp vec3 zero;
uniform highp mat3 to_rgb;
varying highp vec2 coordinates;

// The texel in a column and a row.
#define P0(at) texture2D(plane0, ((at) + 0.5) * step0)
#define P1(at) texture2D(plane1, ((at) + 0.5) * step1)
#define P2(at) texture2D(plane2, ((at) + 0.5) * step2)

// The sample in a column and a row, where a texel holds three.
float of_three(highp sampler2D plane, vec2 texel, vec2 at) {
    float column = floor((at.x + 0.5) / 3.0);
    float place = at.x - 3.0 * column;
    vec3 samples = texture2D(plane, (vec2(column, at.y) + 0.5) * texel).rgb;
    return place < 0.5 ? samples.r : place < 1.5 ? samples.g : samples.b;
}

// The code value in a column and a row, where four of 10 bits are in five bytes, and each texel is a
// byte: in the upper bits of one, and the lower bits of the next.
float dense(highp sampler2D plane, vec2 texel, vec2 at) {
    float group = floor((at.x + 0.5) / 4.0);
    float place = at.x - 4.0 * group;
    vec2 byte = vec2(5.0 * group + place, at.y) + 0.5;
    float low = floor(255.0 * texture2D(plane, byte * texel).r + 0.5);
    float high = floor(255.0 * texture2D(plane, (byte + vec2(1.0, 0.0)) * texel).r + 0.5);
    // 4 to the power of the place: that many bits of the lower byte are another sample's.
    float below = place < 0.5 ? 1.0 : place < 1.5 ? 4.0 : place < 2.5 ? 16.0 : 64.0;
    return floor(low / below) + mod(high, 4.0 * below) * (256.0 / below);
}

vec2 chroma_between(vec2 left, vec2 right, float row, float part) {
    return mix(CHROMA(vec2(left.x, row)), CHROMA(vec2(right.x, row)), part);
}

vec2 chroma_of(vec2 pixel) {
#if defined(SHARED_ACROSS) || defined(SHARED_DOWN)
    vec2 place = pixel * samples + first_pixel;
    vec2 before = floor(place);
    vec2 part = place - before;
    vec2 after = min(before + 1.0, last_sample);
    before = max(before, 0.0);
#ifdef SHARED_DOWN
    vec2 above = chroma_between(before, after, before.y, part.x);
    vec2 below = chroma_between(before, after, after.y, part.x);
    return mix(above, below, part.y);
#else
    return chroma_between(before, after, pixel.y, part.x);
#endif
#else
    return CHROMA(pixel);
#endif
}

vec4 sample_rgb(highp vec2 place) {
    vec2 pixel = clamp(floor(place * size), vec2(0.0), size - 1.0);
    vec3 numbers = vec3(LUMA(pixel), chroma_of(pixel));
    return vec4(to_rgb * (numbers - zero), ALPHA(pixel));
}

#ifndef OWN_MAIN
void main() {
    gl_FragColor = sample_rgb(coordinates);
}
#endif
