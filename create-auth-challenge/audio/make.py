"""Creates the spoken digits of the audio challenge: `python3 audio/make.py` writes digits-en.bin and digits-es.bin.

Needs only espeak-ng (1.51 was used). For each voice and digit the files contain the number of samples, two
bytes with the low one first, then the samples: 8,000 a second, one unsigned byte each, without silence at the ends.
"""

import array
import io
import pathlib
import subprocess
import sys
import wave

RATE = 8000
FOLDER = pathlib.Path(__file__).parent
# Language, then espeak-ng's voice and variant, words a minute and pitch.
VOICES = {
    "en": [("en-us+max", 150, 45), ("en-gb+linda", 145, 60), ("en-gb-scotland+alex", 150, 40), ("en-us+belinda", 145, 70)],
    "es": [("es+max", 150, 45), ("es-419+linda", 145, 60), ("es+alex", 150, 40), ("es-419+belinda", 145, 70)],
}
DIGITS = {
    "en": ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
    "es": ["cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve"],
}


def spoken(word, voice, speed, pitch):
    command = ["espeak-ng", "--stdout", "-v", voice, "-s", str(speed), "-p", str(pitch), word + "."]
    data = subprocess.run(command, check=True, capture_output=True).stdout
    with wave.open(io.BytesIO(data)) as sound:
        samples = array.array("h", sound.readframes(sound.getnframes()))
        return samples, sound.getframerate()


def resampled(samples, rate):
    """Averages over each new sample's span, a sufficient filter for speech."""
    step = rate / RATE
    out = []
    for index in range(int(len(samples) / step)):
        span = samples[int(index * step) : max(int((index + 1) * step), int(index * step) + 1)]
        out.append(sum(span) / len(span))
    return out


def trimmed(samples):
    loud = max(abs(sample) for sample in samples) * 0.02
    heard = [index for index, sample in enumerate(samples) if abs(sample) > loud]
    return samples[max(heard[0] - 40, 0) : heard[-1] + 120]


def encoded(samples):
    """Returns unsigned bytes, with the same loudness for every digit and with faded ends."""
    peak = max(abs(sample) for sample in samples)
    fade = 60
    out = bytearray()
    for index, sample in enumerate(samples):
        gain = min(1, index / fade, (len(samples) - 1 - index) / fade)
        out.append(round(128 + 110 * gain * sample / peak))
    return bytes(out)


def main():
    for language, voices in VOICES.items():
        data = bytearray()
        for voice in voices:
            for word in DIGITS[language]:
                sound = encoded(trimmed(resampled(*spoken(word, *voice))))
                data += len(sound).to_bytes(2, "little") + sound
        (FOLDER / f"digits-{language}.bin").write_bytes(data)
        print(f"digits-{language}.bin: {len(data)} bytes", file=sys.stderr)


main()
