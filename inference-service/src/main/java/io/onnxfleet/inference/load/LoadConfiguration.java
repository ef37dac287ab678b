package io.onnxfleet.inference.load;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Wires the load to the process that it is of. */
@Configuration(proxyBeanMethods = false)
class LoadConfiguration {
  @Bean
  ReplicaLoad replicaLoad() {
    OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    return new ReplicaLoad(new ProcessorShare(system::getProcessCpuLoad, System::nanoTime));
  }
}
