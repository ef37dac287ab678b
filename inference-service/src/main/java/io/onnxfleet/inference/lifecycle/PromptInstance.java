package io.onnxfleet.inference.lifecycle;

import com.netflix.appinfo.ApplicationInfoManager;
import com.netflix.appinfo.EurekaInstanceConfig;
import com.netflix.appinfo.InstanceInfo;
import com.netflix.discovery.StatusChangeEvent;
import java.util.Map;
import org.springframework.cloud.netflix.eureka.InstanceInfoFactory;

/**
 * What the registry's client knows of this instance. Changes of metadata are sent at once and not
 * with the client's next round; where that fails, or there are too many, the next round sends them.
 * Thread-safe.
 */
final class PromptInstance extends ApplicationInfoManager {

  PromptInstance(EurekaInstanceConfig config) {
    super(config, new InstanceInfoFactory().create(config), (OptionalArgs) null);
  }

  /** Replaces what the entries of these names say. */
  void tell(Map<String, String> metadata) {
    InstanceInfo info = getInfo();
    synchronized (info) {
      // The client takes a change for sent that is no younger, by its millisecond, than what it
      // sent;
      // the registry refuses what is older than what it has.
      long before = info.getLastDirtyTimestamp();
      registerAppMetadata(metadata);
      if (info.getLastDirtyTimestamp() <= before) {
        info.setLastDirtyTimestamp(before + 1);
      }
    }
    // The client listens for changes of the status, and then sends everything.
    StatusChangeEvent nudge = new StatusChangeEvent(info.getStatus(), info.getStatus());
    listeners.values().forEach(listener -> listener.notify(nudge));
  }
}
