from .appending import append_measurements as append_measurements
from .builder import Measurement as Measurement
from .builder import Static as Static
from .builder import TableBuilder as TableBuilder
from .locate import find_content as find_content
from .locate import find_table as find_table
from .locate import get_feature_folder as get_feature_folder
from .locate import get_user_folder as get_user_folder
from .locate import list_tables as list_tables
from .merge import merge_tables as merge_tables
from .proxies import PROXY_SOURCE as PROXY_SOURCE
from .proxies import ProxyColumn as ProxyColumn
from .proxies import find_proxy as find_proxy
from .proxies import list_proxies as list_proxies
from .proxies import name_proxy_source as name_proxy_source
from .proxies import read_source_checksum as read_source_checksum
from .reader import Table as Table
from .writer import write_parts as write_parts
from .writer import write_table as write_table

__all__: list[str]
