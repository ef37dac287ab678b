package io.onnxfleet.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import com.netflix.appinfo.InstanceInfo;
import com.netflix.appinfo.InstanceInfo.InstanceStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.cloud.netflix.eureka.server.event.EurekaInstanceCanceledEvent;
import org.springframework.cloud.netflix.eureka.server.event.EurekaInstanceRegisteredEvent;
import org.springframework.cloud.netflix.eureka.server.event.EurekaInstanceRenewedEvent;

class RegistryLogTest {

  private static final String SERVICE = "INFERENCE-SERVICE";

  private final List<String> lines = new ArrayList<>();
  private long now;
  private final RegistryLog log = new RegistryLog(lines::add, () -> now);

  @Test
  void instance_isToldOfOnce_whenItJoinsRenewsTellsAndLeaves() {
    registers(InstanceStatus.UP);
    for (int second = 0; second < 600; second++) {
      now += Duration.ofSeconds(1).toNanos();
      renews();
      registers(InstanceStatus.UP);
    }
    cancels();
    cancels();

    assertThat(lines)
        .containsExactly(
            "joined: INFERENCE-SERVICE replica-1", "left: INFERENCE-SERVICE replica-1");
  }

  @Test
  void instance_isToldToHaveExpired_whenItWasSilent() {
    registers(InstanceStatus.UP);
    now += Duration.ofSeconds(2).toNanos();
    renews();
    now += Duration.ofSeconds(7).toNanos();
    cancels();
    registers(InstanceStatus.UP);

    assertThat(lines)
        .containsExactly(
            "joined: INFERENCE-SERVICE replica-1",
            "expired: INFERENCE-SERVICE replica-1 (silent for 7 s)",
            "joined: INFERENCE-SERVICE replica-1");
  }

  @Test
  void instance_joinsWhenItIsUp_andLeavesWhenItGoesDown() {
    registers(InstanceStatus.STARTING);
    registers(InstanceStatus.UP);
    registers(InstanceStatus.DOWN);
    cancels();

    assertThat(lines)
        .containsExactly(
            "joined: INFERENCE-SERVICE replica-1", "left: INFERENCE-SERVICE replica-1 (DOWN)");
  }

  @Test
  void instance_makesNoLineOfItsOwn() {
    registers(InstanceStatus.UP, "a\nleft: INFERENCE-SERVICE replica-1");
    assertThat(lines)
        .containsExactly("joined: INFERENCE-SERVICE a?left: INFERENCE-SERVICE replica-1");
  }

  private void registers(InstanceStatus status) {
    registers(status, "replica-1");
  }

  private void registers(InstanceStatus status, String id) {
    InstanceInfo instance =
        InstanceInfo.Builder.newBuilder()
            .setAppName(SERVICE)
            .setInstanceId(id)
            .setStatus(status)
            .build();
    log.registered(new EurekaInstanceRegisteredEvent(this, instance, 6, false));
  }

  private void renews() {
    InstanceInfo instance =
        InstanceInfo.Builder.newBuilder().setAppName(SERVICE).setInstanceId("replica-1").build();
    log.renewed(new EurekaInstanceRenewedEvent(this, SERVICE, "replica-1", instance, false));
  }

  private void cancels() {
    log.canceled(new EurekaInstanceCanceledEvent(this, SERVICE, "replica-1", false));
  }
}
