from .appending import append as append
from .builder import Draft as Draft
from .builder import Measurement as Measurement
from .builder import Static as Static
from .locate import feature_folder as feature_folder
from .locate import find_content as find_content
from .locate import find_table as find_table
from .locate import table_names as table_names
from .locate import user_tables as user_tables
from .merge import merge_tables as merge_tables
from .proxies import PROXY_SOURCE as PROXY_SOURCE
from .proxies import ProxyColumn as ProxyColumn
from .proxies import proxy_columns as proxy_columns
from .proxies import proxy_named as proxy_named
from .proxies import proxy_source as proxy_source
from .proxies import source_checksum as source_checksum
from .reader import Table as Table
from .writer import write_parts as write_parts
from .writer import write_table as write_table

__all__: list[str]
