package io.onnxfleet.contract.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.contract.fleet.ReplicaMetadata.FailedModel;
import io.onnxfleet.contract.fleet.ReplicaMetadata.FamilyVariant;
import io.onnxfleet.contract.fleet.ReplicaMetadata.ReadyVersion;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ReplicaMetadataTest {

  private static final ReplicaMetadata ALL =
      new ReplicaMetadata(
          List.of(new ReadyVersion("a", "1"), new ReadyVersion("a,b:c/d@e %", "12")),
          List.of(new ModelDigest("a", "1", "0123456789ab"), new ModelDigest("x/y", "2", "ff")),
          Set.of("a", "a,b:c/d@e %", "broken"),
          List.of(new FailedModel("broken", "no input: 'x', expected one")),
          List.of(new FamilyVariant("a", "f:1", 0.95, true, 12.5)),
          List.of(new ModelDigest("a", "3", "beef")),
          List.of(new ModelDigest("a@b", "1", "cafe")),
          Set.of("cpu", "cuda"),
          4,
          "1700000000000",
          17);

  private static final ReplicaMetadata NOTHING =
      new ReplicaMetadata(
          List.of(), null, Set.of(), List.of(), List.of(), null, List.of(), Set.of(), 0, "", -1);

  @Test
  void whatIsWritten_isReadAsItIs() {
    assertThat(ReplicaMetadata.of(ALL.asMap())).isEqualTo(ALL);
    assertThat(ReplicaMetadata.of(NOTHING.asMap())).isEqualTo(NOTHING);
  }

  @Test
  void whatIsMissing_hasADefault() {
    assertThat(ReplicaMetadata.of(Map.of())).isEqualTo(NOTHING);
  }

  @Test
  void keysThatAreNotKnown_changeNothing() {
    Map<String, String> map = new HashMap<>(ALL.asMap());
    map.put("models-later", "x");
    assertThat(ReplicaMetadata.of(map)).isEqualTo(ALL);
  }

  /** What replicas of before told, and what gateways of before read. */
  @Test
  void form_isTheOneThatOthersKnow() {
    assertThat(ALL.asMap())
        .containsEntry("models-ready", "a:1,a%2Cb%3Ac%2Fd%40e+%25:12")
        .containsEntry("models-contents", "a/1@0123456789ab,x%2Fy/2@ff")
        .containsEntry("models-known", "a,a%2Cb%3Ac%2Fd%40e+%25,broken")
        .containsEntry("models-failed", "broken:no+input%3A+%27x%27%2C+expected+one")
        .containsEntry("models-families", "a:f%3A1:0.95:c:12.5")
        .containsEntry("quarantine", "a/3@beef")
        .containsEntry("unmergeable", "a%40b/1@cafe")
        .containsEntry("execution-providers", "cpu,cuda")
        .containsEntry("capacity", "4")
        .containsEntry("started", "1700000000000")
        .containsEntry("revision", "17")
        .hasSize(11);
  }

  @Test
  void whatCannotBeRead_isPassedOver() {
    ReplicaMetadata read =
        ReplicaMetadata.of(
            Map.of(
                "models-ready", ":1,a,b:2, c : 3 ,,%zz:4",
                "models-contents", "a,/1@x,b@2,c/3@d",
                "models-families", "a:f:x:c:1,a:f:1,b:f:0.5::2",
                "models-known", " ,a,,",
                "models-failed", ":x,y",
                "capacity", "many",
                "revision", "x"));
    assertThat(read.ready())
        .containsExactly(
            new ReadyVersion("b", "2"), new ReadyVersion("c", "3"), new ReadyVersion("%zz", "4"));
    assertThat(read.contents()).containsExactly(new ModelDigest("c", "3", "d"));
    assertThat(read.variants()).containsExactly(new FamilyVariant("b", "f", 0.5, false, 2));
    assertThat(read.known()).containsExactly("a");
    assertThat(read.failed()).isEmpty();
    assertThat(read.capacity()).isZero();
    assertThat(read.revision()).isEqualTo(ReplicaMetadata.UNNUMBERED);
  }
}
