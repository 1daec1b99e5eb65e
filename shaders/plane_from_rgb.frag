#version 100
// One plane of luma and chroma from colours: each number is made of the mean of the pixels that lie
// around its place, as far as they are inside the image, and rounded to a code value.
precision highp float;

// What goes into the plane, as the crate has it in its table of formats. What stands here is the
// chroma of NV12.
#ifndef NUMBERS
#define NUMBERS vec4(codes.yz, 0.0, 1.0)
#define SHARING_ACROSS 2
#define SHARING_DOWN 2
#endif

// Colours of which numbers are made: of an image in any format.
#ifndef SAMPLE_RGB
uniform highp sampler2D plane0;
varying highp vec2 coordinates;

vec4 sample_rgb(highp vec2 place) {
    return texture2D(plane0, place);
}
#endif

// Of the whole image that is drawn into, in pixels.
uniform highp vec2 target_size;
// Where the first sample is, in pixels from the middle of the first pixel.
uniform highp vec2 target_site;
// From red, green and blue to code values, the largest code value, and that of a texel that is 1.
uniform highp mat3 to_codes;
uniform highp vec3 zero_codes;
uniform highp float largest;
uniform highp float full_texel;

// How much of a pixel lies in the area of a sample.
vec2 part_of(vec2 pixel, vec2 low, vec2 high) {
    vec2 inside = step(vec2(0.0), pixel) * step(pixel, target_size - 1.0);
    return inside * clamp(min(pixel + 0.5, high) - max(pixel - 0.5, low), 0.0, 1.0);
}

void main() {
    vec2 sharing = vec2(float(SHARING_ACROSS), float(SHARING_DOWN));
    vec2 middle = floor(gl_FragCoord.xy) * sharing + target_site;
    vec2 low = middle - 0.5 * sharing;
    vec2 high = middle + 0.5 * sharing;
    vec2 first = ceil(low - 0.5);
    vec3 sum = vec3(0.0);
    float weights = 0.0;
    for (int row = 0; row <= SHARING_DOWN; row++) {
        for (int column = 0; column <= SHARING_ACROSS; column++) {
            vec2 pixel = first + vec2(float(column), float(row));
            vec2 part = part_of(pixel, low, high);
            vec2 inside = clamp(pixel, vec2(0.0), target_size - 1.0);
            sum += part.x * part.y * sample_rgb((inside + 0.5) / target_size).rgb;
            weights += part.x * part.y;
        }
    }
    vec3 codes = to_codes * (sum / weights) + zero_codes;
    codes = floor(clamp(codes, 0.0, largest) + 0.5) / full_texel;
    gl_FragColor = NUMBERS;
}
