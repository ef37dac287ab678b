package io.onnxfleet.contract.json;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlainFloatsTest {
  /** Numbers are not read at the ends of an array. */
  private static final String START = "[\"thirty characters and two\"";

  private static final String END = ",0.5".repeat(10) + "]";

  private final ByteBuffer target = ByteBuffer.allocate(4096).order(ByteOrder.nativeOrder());

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0.5",
        "-0.5",
        "-0.0",
        "0",
        "-0",
        "255",
        "9999999",
        "1234567.5",
        "-12.125",
        "0.12345678",
        "1.1754943508222875",
        "-0.00012345678901234",
        "0.012345678901234567",
        "8.12345678901234567",
        "10.5",
        "3.4028235",
        " 7.25",
        " -7"
      })
  void read_plainNumber_nearestFloat(String number) {
    String text = START + "," + number + ",2.5";
    byte[] json = bytes(text + END);
    int place = new PlainFloats().read(json, START.length(), json.length, target, 2);
    assertThat(place).isEqualTo(text.length());
    assertThat(target.flip().getFloat()).isEqualTo(Float.parseFloat(number));
    assertThat(target.getFloat()).isEqualTo(2.5f);
  }

  /** Numbers that are not plain, and what is no number at all. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "1.5e3",
        "1.5E3",
        "1e3",
        "1.",
        "-1.",
        "1.e1",
        "1.5e-3",
        "12345678",
        "12345678.5",
        "0.1234567890123456789",
        "9.123456789012345678",
        "16777217",
        "16777217.0",
        "3.00000000000000000000000000000000",
        "\n1.5",
        "  1.5",
        "",
        "-",
        ".",
        ".5",
        "-.5",
        "--1.5",
        "+1.5",
        "01.5",
        "00",
        "-01.5",
        "00.5",
        "1.5.5",
        "1..5",
        "1-5",
        "1.-5",
        "1.5-",
        "1/5",
        "1/5.5",
        "/.5",
        "..5",
        "1.5/",
        "\"1.5\"",
        "null",
        "NaN",
        "[1.5]",
        "\u00B1.5"
      })
  void read_anythingElse_endsBeforeIt(String other) {
    String text = START + ",1.5";
    byte[] json = bytes(text + "," + other + END);
    int place = new PlainFloats().read(json, START.length(), json.length, target, 100);
    assertThat(place).isEqualTo(text.length());
    assertThat(target.position()).isEqualTo(Float.BYTES);
  }

  @ParameterizedTest
  @ValueSource(strings = {" ", "\n", "]", "}", "x", ",,", "\u00E9"})
  void read_whatFollowsANumber_left(String behind) {
    String text = START + ",1.5,255";
    byte[] json = bytes(text + behind + END);
    int place = new PlainFloats().read(json, START.length(), json.length, target, 100);
    assertThat(place).isEqualTo(text.length());
    assertThat(target.position()).isEqualTo(2 * Float.BYTES);
  }

  @Test
  void read_asManyAsWanted_overBlocks() {
    List<String> numbers = Collections.nCopies(1000, "-0.25");
    byte[] json = bytes(START + "," + String.join(",", numbers) + END);
    new PlainFloats().read(json, START.length(), json.length, target, 999);
    assertThat(target.position()).isEqualTo(999 * Float.BYTES);
    target.flip();
    while (target.hasRemaining()) {
      assertThat(target.getFloat()).isEqualTo(-0.25f);
    }
  }

  @Test
  void read_halfWayBetweenFloatsInABlock_endsBeforeIt() {
    String text = START + ",0.5".repeat(20);
    byte[] json = bytes(text + ",8388608.5" + END);
    int place = new PlainFloats().read(json, START.length(), json.length, target, 100);
    assertThat(place).isEqualTo(text.length());
    assertThat(target.position()).isEqualTo(20 * Float.BYTES);
  }

  @Test
  void read_atAnArraysStart_nothing() {
    byte[] json = bytes("[0.5" + END);
    assertThat(new PlainFloats().read(json, 4, json.length, target, 100)).isEqualTo(4);
    assertThat(target.position()).isZero();
  }

  private static byte[] bytes(String json) {
    return json.getBytes(StandardCharsets.UTF_8);
  }
}
